// Browsers let a page write to the clipboard over https alone: without that there is no button.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const words = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        button.textContent = button.dataset.copied;
      } catch {
        getSelection().selectAllChildren(document.getElementById(button.getAttribute("aria-describedby")));
      }
      setTimeout(() => { button.textContent = words; }, 2000);
    });
  }
}
