// A help where scripts run; nothing here is needed. Tables are sorted where they are, and a question of what if is
// answered as one types.
(() => {
  "use strict";

  // Sorting: as the server does it. Those without a value come last, in either direction.
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    table.tHead.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      event.preventDefault();
      const head = button.closest("th"), key = `data-key-${head.dataset.column}`, numbers = "number" in head.dataset;
      const now = head.getAttribute("aria-sort");
      const descending = now ? now === "ascending" : numbers;
      const value = (row) => row.getAttribute(key);
      const order = (one, other) => {
        const [a, b] = [value(one), value(other)];
        if (a === "" || b === "") return (a === "") - (b === "");
        const difference = numbers ? Number(a) - Number(b) : a < b ? -1 : a > b ? 1 : 0;
        return descending ? -difference : difference;
      };
      body.append(...[...body.rows].sort(order));
      for (const one of table.tHead.querySelectorAll("th")) one.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    });
  }

  // A list far too long is told so before the browser has packed and sent all of it.
  const ids = document.getElementById("ids");
  ids?.form.addEventListener("submit", (event) => {
    if (ids.value.length <= Number(ids.dataset.longest)) return;
    event.preventDefault();
    document.getElementById("refused").hidden = false;
    document.getElementById("refused-why").textContent = ids.dataset.refusal;
    ids.setAttribute("aria-invalid", "true");
    ids.focus();
  });

  // What if: the form is sent as its button would send it, and the answer takes the place of the one before.
  const form = document.getElementById("what-if");
  if (!form) return;
  let timer = 0, asked = 0, under_way = null;
  const marks = (fresh) => {
    for (const input of form.querySelectorAll("input[data-stored]")) {
      const now = fresh.getElementById(input.id);
      if (!now) continue;
      const place = input.parentElement, said = now.parentElement;
      place.querySelector("label").replaceChildren(...document.importNode(said.querySelector("label"), true).childNodes);
      for (const old of place.querySelectorAll(".error, .hint")) old.remove();
      place.append(...[...said.querySelectorAll(".error, .hint")].map((one) => document.importNode(one, true)));
      for (const name of ["aria-invalid", "aria-describedby"]) {
        if (now.hasAttribute(name)) input.setAttribute(name, now.getAttribute(name)); else input.removeAttribute(name);
      }
    }
  };
  const ask = async () => {
    const turn = ++asked, answer = document.getElementById(form.dataset.answer);
    answer.classList.add("waiting");
    under_way?.abort();
    under_way = new AbortController();
    try {
      const reply = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual", signal: under_way.signal });
      if (reply.type === "opaqueredirect" || reply.status === 401) { form.submit(); return; }
      const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
      // A later question has overtaken this one.
      if (turn !== asked) return;
      const now = fresh.getElementById(form.dataset.answer);
      // No answer but a problem: the page says which.
      if (!now) { form.submit(); return; }
      const open = answer.querySelector("details")?.open;
      answer.replaceChildren(...document.importNode(now, true).childNodes);
      if (open && answer.querySelector("details")) answer.querySelector("details").open = true;
      document.getElementById("in-short").replaceChildren(...document.importNode(fresh.getElementById("in-short"), true).childNodes);
      marks(fresh);
    } catch (error) {
      if (error.name === "AbortError") return;
      // What stands there belongs to other values.
      answer.textContent = "No answer came for these values. Try again in a moment.";
    } finally {
      if (turn === asked) answer.classList.remove("waiting");
    }
  };
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 300); });
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timer); ask(); });
})();
