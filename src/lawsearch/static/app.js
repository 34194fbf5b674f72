// Comforts only: every page reads and works without this file.
"use strict";

for (const area of document.querySelectorAll("[data-grow]")) {
  const hint = document.getElementById("q-hint");
  const still = hint.textContent;
  const words = typeof Intl.Segmenter === "function" ? new Intl.Segmenter(undefined, { granularity: "word" }) : null;
  const grow = () => {
    area.style.height = "auto";
    area.style.height = Math.min(area.scrollHeight + 2, innerHeight * 0.6) + "px";
    const count = words ? [...words.segment(area.value)].filter((s) => s.isWordLike).length : 0;
    const clause = count >= Number(area.dataset.clause);
    hint.textContent = count > 8 ? `${count} words: ${clause ? "taken as a clause, to lay beside what is found" : "looked for as words, or as a citation"}.` : still;
  };
  area.addEventListener("input", grow);
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) area.form.requestSubmit();
  });
  grow();
}

for (const text of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  // What is copied is named for those who do not see what stands before the button.
  const what = document.createElement("span");
  what.className = "quiet";
  what.textContent = ` ${text.textContent}`;
  button.append(what);
  const done = document.createElement("span");
  done.className = "done";
  done.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    try {
      // Of a link its whole address, which a colleague can open.
      await navigator.clipboard.writeText(text.href || text.textContent);
      done.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(text);
      done.textContent = "press Ctrl+C";
    }
    setTimeout(() => (done.textContent = ""), 3000);
  });
  text.after(" ", button, " ", done);
}

for (const link of document.querySelectorAll(".sheetpic")) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const dialog = document.createElement("dialog");
    const small = link.querySelector("img");
    const large = document.createElement("img");
    large.src = small.src;
    large.alt = small.alt;
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "Close";
    close.addEventListener("click", () => dialog.close());
    dialog.className = "large";
    dialog.setAttribute("aria-label", small.alt);
    dialog.append(close, large);
    // A click beside the page closes too; Escape does by itself.
    dialog.addEventListener("click", (e) => e.target === dialog && dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  });
}

for (const form of document.querySelectorAll("[data-picks]")) {
  const already = Number(form.dataset.picks);
  const button = form.querySelector(".tray button");
  const hint = form.querySelector("[data-count]");
  const still = hint.textContent;
  const count = () => {
    const ticked = form.querySelectorAll("input[name=id]:checked").length;
    const all = ticked + already;
    form.classList.toggle("picking", ticked > 0);
    button.disabled = all < 2 || all > 6;
    hint.textContent = all > 6 ? "At most six can be compared." : ticked ? `${ticked} ticked` : still;
  };
  form.addEventListener("change", count);
  // A page restored by the Back button keeps its ticks.
  addEventListener("pageshow", count);
  count();
}
