// The script of the desk. The server draws everything. The script sends forms, loads parts
// of a page, and puts the elements that it gets in their places.
"use strict";

const byID = id => document.getElementById(id);

// place puts an element in its place. An element with the same id is replaced. A new one
// goes to the start or the end of the element that data-into names, which then loses its
// last element if it is full.
function place(element) {
  const old = byID(element.id);
  if ("gone" in element.dataset) {
    old?.remove();
    return;
  }
  const into = byID(element.dataset.into);
  if (old && !("move" in element.dataset)) {
    if (old.outerHTML === element.outerHTML) return;
    if (old.querySelector("details[open]")) element.querySelector("details")?.setAttribute("open", "");
    old.replaceWith(element);
    return;
  }
  if (!into) return;
  const size = into.children.length - (old ? 1 : 0);
  old?.remove();
  if (element.dataset.at === "end") {
    into.append(element);
    return;
  }
  into.prepend(element);
  if (size >= into.dataset.window) into.lastElementChild.remove();
}

// keepFocus changes the page. The focus stays where it was. If what had it is gone or
// hidden, the next control gets it.
function keepFocus(change) {
  const controls = [...document.querySelectorAll("a, button, input, select, textarea, summary, [tabindex='0']")];
  const focused = document.activeElement;
  const at = controls.indexOf(focused);
  const next = controls.slice(at).map(control => control.id);
  change();
  if (at < 0 || focused.isConnected && focused.checkVisibility()) return;
  const control = next.map(byID).find(control => control?.checkVisibility()) ?? byID("main");
  control.focus({preventScroll: control.id === focused.id});
}

// placeAll puts the elements of some HTML in their places. The focus and the end of the
// transcript stay where they were.
function placeAll(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const box = byID("transcript-box");
  const atEnd = box && box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  keepFocus(() => [...template.content.children].forEach(place));
  if (atEnd) box.scrollTop = box.scrollHeight;
}

// placeEarlier puts messages before the others, which stay where they were.
function placeEarlier(html) {
  const box = byID("transcript-box");
  const below = box.scrollHeight - box.scrollTop;
  placeAll(html);
  box.scrollTop = box.scrollHeight - below;
}

// say shows HTML, or a text, in the live region.
function say(html, text) {
  keepFocus(() => {
    byID("result").innerHTML = html;
    if (text) byID("result").textContent = text;
  });
}

// load gets a part of the page.
async function load(path) {
  const reply = await fetch(path);
  if (!reply.ok) throw new Error(`The simulator answers ${reply.status}.`);
  return reply.text();
}

// send sends a form and shows what the simulator reports.
async function send(form, button) {
  if (form.ariaBusy === "true") return;
  const file = form.querySelector("[type=file]");
  if (file?.files[0]?.size > file?.dataset.limit << 20) {
    say("", `The file is larger than ${file.dataset.limit} MiB.`);
    return;
  }
  form.ariaBusy = "true";
  let body = new FormData(form, button);
  if (form.enctype !== "multipart/form-data") {
    // The fields choice-1, choice-2 … are groups of one question.
    body = new URLSearchParams([...body].map(([name, value]) => [name.replace(/^choice-.*/, "choice"), value]));
  }
  try {
    const reply = await fetch(form.action, {method: "POST", body, headers: {"Simulator-Desk": "1"}});
    say(await reply.text());
    if (reply.ok && "reset" in form.dataset) {
      for (const field of form.querySelectorAll("textarea, [type=file]")) field.value = "";
    }
  } catch {
    say("", "The simulator does not answer.");
  }
  form.ariaBusy = null;
}

document.addEventListener("submit", event => {
  if (!event.target.matches("[data-post]")) return;
  event.preventDefault();
  send(event.target, event.submitter);
});

document.addEventListener("click", event => {
  if (event.target.closest("[data-dismiss]")) say("");
  const more = event.target.closest("a[data-get]");
  if (!more) return;
  event.preventDefault();
  const path = new URL(more.href);
  if (path.searchParams.has("from")) path.searchParams.set("from", byID("rows").children.length);
  load(path).then(more.id === "earlier-messages" ? placeEarlier : placeAll, error => say("", error.message));
});

// The details of a request are loaded when its line is opened.
document.addEventListener("toggle", event => {
  const details = event.target;
  if (!details.open || !details.dataset.get) return;
  load(details.dataset.get).then(
    html => details.querySelector(".details").innerHTML = html,
    error => details.querySelector(".details").textContent = error.message);
}, true);

// Control and Enter send a text.
document.addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) event.target.form.requestSubmit();
});

// listen puts the elements that change in their places.
function listen() {
  const {since, view} = document.body.dataset;
  if (!view) return;
  const {status = "", conversation = ""} = byID("desk")?.dataset ?? {};
  const events = new EventSource("/events?" + new URLSearchParams({since, view, status, conversation}));
  events.onmessage = event => placeAll(event.data);
  events.onopen = () => byID("connection").textContent = "Live";
  events.onerror = () => byID("connection").textContent = "Not connected";
  events.addEventListener("reload", () => location.reload());
}

const box = byID("transcript-box");
if (box) box.scrollTop = box.scrollHeight;
listen();
