// Shows the preview afresh when something changed, where the reader stands, and fits its frame.
const state = document.getElementById("state");
const say = words => { state.textContent = words; };

function fit() {
  const frame = document.querySelector("iframe");
  if (!frame) return;
  const measure = () => {
    frame.style.height = "0";
    frame.style.height = `${frame.contentDocument.documentElement.scrollHeight + 2}px`;
  };
  if (frame.contentDocument.readyState === "complete" && frame.contentDocument.body?.childElementCount) measure();
  frame.addEventListener("load", measure);
}

async function renew() {
  const answer = await fetch(location.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [stale, fresh] = [document, page].map(each => each.querySelector("main"));
  const [was, is] = [stale, fresh].map(each => each.querySelector("iframe"));
  if (was && is) is.style.height = was.style.height;
  const focused = document.activeElement.id;
  stale.replaceWith(fresh);
  document.title = page.title;
  document.getElementById(focused)?.focus({ preventScroll: true });
  fit();
  say(`Shown afresh at ${new Date().toLocaleTimeString()}`);
}

function listen() {
  const seen = document.querySelector("main").dataset.seen;
  const changes = new EventSource(`/changes?seen=${seen}`);
  changes.onmessage = () => {
    changes.close();
    renew().then(listen, () => setTimeout(listen, 1000));
  };
  changes.onerror = () => say("The preview has ended. Start it again, and this page goes on.");
  changes.onopen = () => { if (state.textContent.startsWith("The preview")) say(""); };
}

fit();
listen();
