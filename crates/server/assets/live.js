// Keeps an open page true: swaps the parts the server sends, moves ages on, and says when the
// server has fallen silent. The page works without it.
(() => {
  "use strict";
  const root = document.documentElement;
  const address = document.body.dataset.events;
  const byId = (id) => document.getElementById(id);

  // Buttons that only make sense with script.
  const wake = (part) => {
    for (const button of part.querySelectorAll("button.copy")) button.hidden = false;
  };
  wake(document);
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });

  if (!address) return;
  const staleMs = Number(document.body.dataset.staleSeconds) * 1000;
  const shown = new Map();
  let heard = Date.now();
  let source = null;
  let retry = 0;
  let lost = false;

  // The server's clock, as far as the page knows it.
  const readClock = () => Number(byId("link")?.dataset.asOf) || Date.now();
  let asOf = readClock();
  let drift = Date.now() - asOf;
  const serverNow = () => Date.now() - drift;

  const rough = (ms) => {
    const s = Math.floor(ms / 1000);
    if (s < 120) return `${s} s`;
    if (s < 7200) return `${Math.floor(s / 60)} min`;
    if (s < 172800) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
    return `${Math.floor(s / 86400)} days`;
  };
  const tellAges = () => {
    const now = serverNow();
    for (const span of document.querySelectorAll("[data-age]")) {
      const at = Number(span.dataset.age);
      const text = at > now ? `in ${rough(at - now)}` : `${rough(now - at)} ago`;
      if (span.textContent !== text) span.textContent = text;
    }
  };

  const say = (text, urgent) => {
    const region = byId(urgent ? "say-assertive" : "say-polite");
    if (region) region.textContent = text;
  };

  // What a person has opened, written or focused survives a swap.
  const carryOver = (before, after) => {
    for (const details of before.querySelectorAll("details[open][id]")) {
      const same = after.querySelector(`#${CSS.escape(details.id)}`);
      if (same) same.open = true;
    }
    for (const input of before.querySelectorAll("input[id]:not([type=hidden])")) {
      const same = after.querySelector(`#${CSS.escape(input.id)}`);
      if (same) same.value = input.value;
    }
    for (const box of before.querySelectorAll(".scroll[aria-label]")) {
      const label = box.getAttribute("aria-label");
      const same = [...after.querySelectorAll(".scroll")].find(
        (other) => other.getAttribute("aria-label") === label);
      if (same) same.dataset.left = box.scrollLeft;
    }
  };
  const focusKey = (part) => {
    const active = document.activeElement;
    if (!active || !part.contains(active)) return null;
    if (active.id) return (after) => after.querySelector(`#${CSS.escape(active.id)}`);
    const href = active.getAttribute("href");
    if (href) {
      return (after) =>
        after.querySelector(`a[href="${CSS.escape(href)}"]`) ?? after.querySelector("a, button");
    }
    const all = [...part.querySelectorAll(active.tagName)];
    const place = all.indexOf(active);
    return (after) => after.querySelectorAll(active.tagName)[place];
  };

  // Ages move on by themselves here: a part in which only they differ is not swapped.
  const ageless = (html) => html.replace(/(data-age="\d+">)[^<]*/g, "$1");

  const swap = (id, html) => {
    const same = ageless(html);
    if (shown.get(id) === same) return;
    const before = byId(id);
    if (!before) return;
    // A press that has begun must end on the same button.
    if (before.querySelector("button:active")) return;
    const template = document.createElement("template");
    template.innerHTML = html;
    const after = template.content.firstElementChild;
    if (!after) return;
    const refocus = focusKey(before);
    carryOver(before, after);
    wake(after);
    before.replaceWith(after);
    shown.set(id, same);
    for (const box of after.querySelectorAll("[data-left]")) box.scrollLeft = Number(box.dataset.left);
    if (refocus) refocus(after)?.focus({ preventScroll: true });
    if (after.dataset.say && before.dataset.phase !== after.dataset.phase) {
      say(after.dataset.say, after.dataset.urgent === "true");
    }
  };

  const alive = () => {
    heard = Date.now();
    retry = 0;
    if (!lost) return;
    lost = false;
    delete root.dataset.lost;
    byId("lost").hidden = true;
    say("Connected again.", false);
  };
  const take = (event) => {
    let parts;
    try { parts = JSON.parse(event.data); } catch { return; }
    if (!Array.isArray(parts)) return;
    alive();
    for (const [id, html] of parts) swap(id, html);
    asOf = readClock();
    drift = Date.now() - asOf;
    tellAges();
  };

  const close = () => { source?.close(); source = null; };
  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(address);
    source.addEventListener("fragments", take);
    source.addEventListener("beat", alive);
    source.onerror = () => {
      // The browser retries while the server is away; a refusal ends the source, then we retry.
      if (source?.readyState !== EventSource.CLOSED) return;
      close();
      retry = Math.min(retry + 1, 6);
      setTimeout(open, 1000 * 2 ** retry * (0.5 + Math.random()));
    };
  };
  // A browser allows few connections for each host: a hidden tab gives its own back.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);

  setInterval(() => {
    if (document.hidden) return;
    const silence = Date.now() - heard;
    if (silence > staleMs) {
      byId("lost-age").textContent = `These numbers are ${rough(serverNow() - asOf)} old.`;
      if (!lost) {
        lost = true;
        root.dataset.lost = "";
        byId("lost").hidden = false;
        say("Not connected. The numbers on this page are old.", false);
      }
    } else {
      byId("link-age").textContent = `, ${rough(Math.max(0, serverNow() - asOf))} ago`;
      tellAges();
    }
  }, 1000);
  root.dataset.script = "";
  tellAges();
  open();
})();
