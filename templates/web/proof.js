// Before the form is posted the browser solves a puzzle (ALTCHA): of which number does PBKDF2 begin
// as it is asked? It sets about it when somebody comes to the form, so that hardly anybody waits.
const form = document.querySelector("form[data-challenge]");
const [working, failed] = form.querySelector("[role=status]").children;
const KEPT = 10 * 60 * 1000; // half of what a challenge lasts

form.querySelector("[data-without-script]").remove();

let begun = 0;
let solving = null;

const octets = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
const hex = (octets) => Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");

async function solved() {
  const challenge = await (await fetch(form.dataset.challenge)).json();
  const { cost, keyLength, keyPrefix, nonce, salt } = challenge.parameters;
  const puzzle = { name: "PBKDF2", hash: "SHA-256", salt: octets(salt), iterations: cost };
  const password = octets(`${nonce}00000000`);
  const end = new DataView(password.buffer, password.length - 4);
  for (let counter = 0; ; counter += 1) {
    end.setUint32(0, counter);
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const derived = await crypto.subtle.deriveBits(puzzle, key, 8 * keyLength);
    const derivedKey = hex(new Uint8Array(derived));
    if (derivedKey.startsWith(keyPrefix)) {
      return btoa(JSON.stringify({ challenge, solution: { counter, derivedKey } }));
    }
  }
}

function solution() {
  if (solving === null || performance.now() - begun > KEPT) {
    begun = performance.now();
    solving = solved();
  }
  return solving;
}

form.addEventListener("focusin", () => solution().catch(() => { solving = null; }), { once: true });
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!working.hidden) return;
  working.hidden = false;
  failed.hidden = true;
  try {
    form.elements.altcha.value = await solution();
    form.submit();
  } catch {
    failed.hidden = false;
  }
  solving = null; // it counts once
  working.hidden = true;
});
