"use strict";
const part = (id) => document.getElementById(id);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
let number = 0;
let kept = -1;

for (const button of document.querySelectorAll("button"))
  button.addEventListener("click", () => fetch(button.dataset.wish, { method: "POST" }).catch(over));

function put(image, picture) {
  if (picture.size === 0) return;
  const before = image.src;
  image.src = URL.createObjectURL(picture);
  if (before) URL.revokeObjectURL(before);
}

function tell(state) {
  part("label").textContent = state.label;
  part("note").textContent = state.running
    ? state.note || (state.just_kept ? "kept" : "taking faces")
    : "stopped: press Start when you are ready";
  part("bar").max = state.count;
  part("bar").value = state.kept;
  part("done").textContent = `${state.kept} of ${state.count} kept`;
  part("toggle").textContent = state.running ? "Stop" : "Start";
  part("toggle").dataset.wish = state.running ? "stop" : "start";
  part("undo").disabled = state.kept === 0;
}

async function last() {
  const face = await (await fetch("last")).blob();
  document.querySelector(".last").hidden = face.size === 0 || kept === 0;
  put(part("last"), face);
}

function over() {
  for (const button of document.querySelectorAll("button")) button.disabled = true;
  part("note").textContent = "The command has ended; this page can be closed.";
  part("view").hidden = true;
  document.querySelector(".last").hidden = true;
}

async function watch() {
  let failed = 0;
  while (failed < 3) {
    try {
      const answer = await fetch(`frame?after=${number}`);
      const state = JSON.parse(answer.headers.get("X-State"));
      put(part("view"), await answer.blob());
      if ("label" in state) tell(state);
      if (state.ended) break;
      if ("kept" in state && state.kept !== kept) {
        kept = state.kept;
        await last();
      }
      number = state.number;
      failed = 0;
    } catch {
      failed += 1;
      await wait(300);
    }
  }
  over();
}

watch();
