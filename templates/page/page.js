// Keeps the page up to date. Without script it is as it was when it was loaded.
const offline = document.getElementById("connection");
const waiting = new Map();

/** What a reader is using is left alone until he goes on. */
function isInUse(part) {
  const { activeElement } = document;
  if (activeElement !== null && activeElement !== document.body && part.contains(activeElement)) return true;
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && part.contains(selection.anchorNode);
}

function show(id, html) {
  const part = document.getElementById(id);
  if (part === null) return;
  if (isInUse(part)) {
    waiting.set(id, html);
    return;
  }
  waiting.delete(id);
  const scrolled = part.querySelector(".list")?.scrollTop ?? 0;
  // The server has escaped whatever it did not write itself.
  part.innerHTML = html.trim();
  const list = part.querySelector(".list");
  if (list !== null) list.scrollTop = scrolled;
}

function showWaiting() {
  for (const [id, html] of [...waiting]) show(id, html);
}
document.addEventListener("focusout", () => setTimeout(showWaiting));
document.addEventListener("selectionchange", () => setTimeout(showWaiting));

const live = new EventSource("live");
live.addEventListener("sections", ({ data }) => {
  offline.hidden = true;
  for (const [id, html] of Object.entries(JSON.parse(data))) show(id, html);
});
live.addEventListener("open", () => {
  offline.hidden = true;
});
live.addEventListener("error", () => {
  offline.hidden = false;
});
