// A help where scripts run; nothing here is needed. Parts of a page marked data-live are renewed while something
// goes on, sliders follow their numbers, and sums are told as one types.
(() => {
  "use strict";

  // A part in which somebody types is left alone; one in which a link or button has the focus gives it to its like.
  const typing = (part) => part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
  const replace = (part, now) => {
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    part.replaceWith(now);
    if (focused) [...now.querySelectorAll(focused.tagName)].find((one) => one.textContent === focused.textContent)?.focus();
  };

  // Live parts: the page is fetched again and each part with an id and data-live takes its new self, until the page
  // no longer says data-busy. A part in which somebody types is left alone.
  const renew = async () => {
    const busy = document.querySelector("[data-busy]");
    if (!busy) return;
    let pause = Number(busy.dataset.busy) * 1000;
    try {
      const answer = await fetch(location.href, { headers: { "x-live": "1" }, redirect: "manual", cache: "no-store" });
      if (answer.type === "opaqueredirect" || answer.status === 401) { location.reload(); return; }
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of document.querySelectorAll("[data-live]")) {
          const now = fresh.getElementById(part.id);
          if (!now) { location.reload(); return; }
          if (now.innerHTML !== part.innerHTML && !typing(part)) replace(part, document.importNode(now, true));
        }
        // Told aloud: the element stays, its words change.
        const spoken = document.querySelector("[data-spoken]"), said = fresh.querySelector("[data-spoken]");
        if (spoken && said && spoken.textContent !== said.textContent) spoken.textContent = said.textContent;
        const marker = document.getElementById("busy"), next = fresh.getElementById("busy");
        if (marker && next && !next.isEqualNode(marker)) marker.replaceWith(document.importNode(next, true));
      }
    } catch { pause = Math.max(pause, 3000); }
    if (document.querySelector("[data-busy]")) setTimeout(renew, pause);
  };
  const busy = document.querySelector("[data-busy]");
  if (busy) setTimeout(renew, Number(busy.dataset.busy) * 1000);

  // Sliders: shown where they can follow their number.
  for (const slider of document.querySelectorAll(".slider")) {
    const [range, number] = slider.querySelectorAll("input");
    slider.classList.add("live");
    range.value = number.value;
    range.addEventListener("input", () => { number.value = range.value; number.dispatchEvent(new Event("input", { bubbles: true })); });
    number.addEventListener("input", () => { range.value = number.value; });
  }

  // The arms' sum, in hundredths so that 33.33 three times is told exactly.
  const sum = document.getElementById("arms-sum");
  const tell = () => {
    let total = 0, readable = true;
    for (const input of document.querySelectorAll("input[name=arm_percentage]")) {
      const value = Number(input.value.replace(",", "."));
      if (input.value.trim() === "" || Number.isNaN(value)) { readable = false; continue; }
      total += Math.round(value * 100);
    }
    const off = 10000 - total;
    sum.textContent = !readable ? "Fill in every share." : off === 0 ? "The shares sum to 100 %." :
      `The shares sum to ${total / 100} %: ${Math.abs(off) / 100} % ${off > 0 ? "are missing" : "too much"}.`;
    sum.className = readable && off === 0 ? "hint" : "error";
  };
  if (sum) { document.addEventListener("input", (event) => { if (event.target.name === "arm_percentage") tell(); }); tell(); }
})();
