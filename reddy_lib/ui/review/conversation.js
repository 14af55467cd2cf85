// The conversation: turns to be read and corrected in place.
//
// An edit leaves as an event in `outbox`, a state that holds every event until the page confirms its id in
// `data.done`. (A trigger would lose events: a newer one replaces one that waits.) Events are sent again every few
// seconds, because a message sent while the server is away is dropped without a word.
// A turn is found by its id, never by its position; the text that was seen goes along, so that the ledger refuses an
// edit of a line that somebody else changed meanwhile.

const views = new WeakMap();
const RESEND = 4000;
const AFTER_AN_EDIT = 100; // milliseconds in which Streamlit has sent it
const WENT_ON = 15000; // milliseconds in which the next call is drawn after a key asked for it
const NEXT = { KeyJ: "after", KeyK: "before", KeyN: "held" }; // with Alt, and a turn is open

export default function (component) {
  const { parentElement, data, setStateValue } = component;
  let view = views.get(parentElement);
  if (!view) {
    view = createView(parentElement, setStateValue);
    views.set(parentElement, view);
  }
  view.send = setStateValue;
  view.draw(data);
  return () => {
    view.close();
    views.delete(parentElement);
  };
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

function createView(root, send) {
  const host = root.querySelector(".conversation");
  const bar = element("div", "bar");
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "The chosen turn");
  const list = element("ol", "turns");
  list.setAttribute("aria-label", "Conversation");
  const conflicts = element("div");
  host.replaceChildren(bar, conflicts, list);

  const state = {
    send,
    data: null,
    nodes: new Map(), // turn id -> its parts
    outbox: [], // events that are not confirmed
    editing: null, // {id, before, words}: the turn whose text is open
    chosen: null, // id of the turn that keys and buttons act on
    posted: 0, // when the last event was posted
    pending: null, // number of the turn to choose after the next change of the lines
  };

  // --- events ---------------------------------------------------------------------------------------------

  function post(kind, turn, more) {
    state.outbox.push({
      id: newId(),
      call: state.data.call,
      version: state.data.version,
      kind,
      number: turn.number,
      seen: turn.seen,
      ...more,
    });
    state.posted = Date.now();
    flush();
    tell();
  }

  function flush() {
    if (state.outbox.length) state.send("outbox", state.outbox.map((one) => ({ ...one })));
  }
  const resending = setInterval(flush, RESEND);

  function tell() {
    const waiting = state.outbox.length;
    told.textContent = waiting ? `Storing ${waiting === 1 ? "1 edit" : `${waiting} edits`}…` : state.data.told || "";
    told.classList.toggle("trouble", false);
    for (const [id, parts] of state.nodes)
      parts.turn.classList.toggle("waiting", state.outbox.some((one) => one.turn === id));
  }

  // --- the open edit --------------------------------------------------------------------------------------

  function open(id, caret) {
    if (state.data.locked || (state.editing && state.editing.id === id)) return;
    close(true);
    const parts = state.nodes.get(id);
    if (!parts) return;
    const { words } = parts;
    const before = parts.data.text;
    words.textContent = before; // without marks, so that the caret counts letters
    words.contentEditable = "plaintext-only";
    words.setAttribute("role", "textbox");
    words.setAttribute("aria-label", `Text of turn ${parts.data.number}`);
    words.setAttribute("aria-multiline", "true");
    state.editing = { id, before, words, seen: parts.data.seen, number: parts.data.number };
    choose(id, false);
    if (caret !== undefined) {
      words.focus();
      const range = document.createRange();
      const node = words.firstChild;
      if (node) range.setStart(node, Math.min(caret, node.length));
      else range.setStart(words, 0);
      range.collapse(true);
      const selection = selectionOf(root);
      selection.removeAllRanges();
      selection.addRange(range);
    }
  }

  function close(store) {
    const edit = state.editing;
    if (!edit) return;
    state.editing = null;
    const parts = state.nodes.get(edit.id);
    const typed = edit.words.textContent;
    edit.words.contentEditable = "false";
    edit.words.removeAttribute("role");
    edit.words.removeAttribute("aria-label");
    edit.words.removeAttribute("aria-multiline");
    if (store && typed !== edit.before) {
      post("text", { number: edit.number, seen: edit.seen }, { value: typed, turn: edit.id });
      if (parts) {
        // what was typed stands here until the ledger says otherwise
        parts.data = { ...parts.data, text: typed, marks: [], seen: { ...edit.seen, text: typed } };
        fill(parts.words, typed, []);
      }
    } else if (parts) fill(parts.words, parts.data.text, parts.data.marks);
    tell();
  }

  function caretOf(words) {
    const selection = selectionOf(root);
    if (!selection || !selection.rangeCount) return null;
    const range = selection.getRangeAt(0).cloneRange();
    if (!words.contains(range.startContainer)) return null;
    const before = document.createRange();
    before.setStart(words, 0);
    before.setEnd(range.startContainer, range.startOffset);
    return before.toString().length;
  }

  // The selected characters of a turn, counted as Python counts them: [begin, end], or null.
  function selected(words) {
    const selection = selectionOf(root);
    if (!selection || !selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    if (!words.contains(range.startContainer) || !words.contains(range.endContainer)) return null;
    const before = document.createRange();
    before.setStart(words, 0);
    before.setEnd(range.startContainer, range.startOffset);
    const begin = [...before.toString()].length;
    return [begin, begin + [...range.toString()].length];
  }

  // --- what the buttons do --------------------------------------------------------------------------------

  function current() {
    const parts = state.nodes.get(state.chosen);
    return parts ? parts.data : null;
  }

  function act(kind) {
    const turn = current();
    if (kind === "swap call") {
      close(true);
      post(kind, { number: 0, seen: null }, {});
      return;
    }
    if (!turn || state.data.locked) return;
    const id = turn.id;
    if (kind === "split") {
      const words = state.nodes.get(id).words;
      const open_ = state.editing && state.editing.id === id;
      const at = open_ ? caretOf(words) : null;
      const typed = open_ ? words.textContent : turn.text;
      if (at === null || !typed.slice(0, at).trim() || !typed.slice(at).trim()) {
        told.textContent = "Click between two words of the turn first, then split.";
        return;
      }
      if (open_) {
        const edit = state.editing;
        state.editing = null;
        words.contentEditable = "false";
        state.pending = turn.number + 1;
        post("split", { number: edit.number, seen: edit.seen }, { value: typed, at, turn: id });
      }
      return;
    }
    const range = kind === "mask" ? selected(state.nodes.get(id).words) : null;
    if (kind === "mask" && !range) {
      told.textContent = "Select words of a turn first, then mask them.";
      return;
    }
    close(true);
    const latest = state.nodes.get(id).data; // closing may have changed what was seen
    if (kind === "mask") post(kind, latest, { at: range[0], end: range[1], turn: id });
    else if (kind === "merge") {
      const next = state.data.turns.find((one) => one.number === latest.number + 1);
      if (!next) {
        told.textContent = "This is the last turn: there is none below to merge with.";
        return;
      }
      state.pending = latest.number;
      post(kind, latest, { next: (state.nodes.get(next.id) || { data: next }).data.seen, turn: id });
    } else {
      if (kind === "delete") state.pending = Math.max(1, latest.number - (latest.number === state.data.turns.length));
      if (kind === "insert") state.pending = latest.number + 1;
      post(kind, latest, { turn: id });
    }
  }

  const actions = [
    ["swap", "Other side", "R", "Give this turn to the other side"],
    ["split", "Split", "Ctrl+Enter", "Split this turn at the caret"],
    ["merge", "Merge", "M", "Join the turn below to this one"],
    ["mask", "Mask", "Alt+M", "Mask the selected words, here and in the recording"],
    ["insert", "Insert", "I", "Insert an empty turn below"],
    ["delete", "Delete", "Del", "Delete this turn"],
    ["swap call", "Swap sides of the call", "", "Exchange agent and customer in the whole call"],
  ];
  const buttons = actions.map(([kind, label, key, help]) => {
    const button = element("button", "", label);
    button.type = "button";
    button.title = help;
    button.dataset.act = kind;
    if (key) button.append(element("kbd", "", key));
    button.addEventListener("mousedown", (event) => event.preventDefault()); // the caret stays where it is
    button.addEventListener("click", () => act(kind));
    return button;
  });
  const told = element("span", "told");
  told.setAttribute("role", "status");
  bar.append(...buttons, told);

  // Scrolls the conversation alone: scrollIntoView would move the page as well.
  function reveal(node, center) {
    const top = node.getBoundingClientRect().top - list.getBoundingClientRect().top;
    const below = top + node.offsetHeight - list.clientHeight;
    if (center) list.scrollTop += top - (list.clientHeight - node.offsetHeight) / 2;
    else if (top < 0) list.scrollTop += top - 4;
    else if (below > 0) list.scrollTop += below + 4;
  }

  // --- choosing, keys -------------------------------------------------------------------------------------

  function choose(id, focus) {
    if (state.chosen !== id) {
      state.nodes.get(state.chosen)?.turn.classList.remove("chosen");
      const previous = state.nodes.get(state.chosen);
      if (previous) previous.turn.tabIndex = -1;
      state.chosen = id;
    }
    const parts = state.nodes.get(id);
    if (!parts) return;
    parts.turn.classList.add("chosen");
    parts.turn.tabIndex = 0;
    if (focus) {
      parts.turn.focus({ preventScroll: true });
      reveal(parts.turn, false);
    }
    enable();
  }

  function enable() {
    const locked = state.data.locked;
    for (const button of buttons)
      button.disabled = locked || (button.dataset.act === "swap call" ? !state.data.turns.length : !current());
  }

  function step(by, wanted) {
    const turns = state.data.turns;
    let at = turns.findIndex((one) => one.id === state.chosen);
    do at += by;
    while (turns[at] && wanted && !wanted(turns[at]));
    if (turns[at]) choose(turns[at].id, true);
  }

  host.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const editing = state.editing !== null;
    let taken = true;
    if (editing) {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) act("split");
      else if (event.altKey && event.code === "KeyM") act("mask");
      else if (event.key === "Enter" && !event.shiftKey) {
        const id = state.editing.id;
        close(true);
        choose(id, true);
      } else if (event.key === "Escape") {
        const id = state.editing.id;
        close(false);
        choose(id, true);
      } else if (event.altKey && event.code in NEXT) {
        const id = state.editing.id;
        close(true);
        choose(id, true); // the keys go on in the next call
        press(NEXT[event.code]);
      } else taken = false;
      if (taken) event.preventDefault();
      event.stopPropagation(); // letters typed here are no shortcuts of the page
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("button")) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "f") step(1, (turn) => turn.findings.length || turn.marks.length);
    else if (event.key === "Home" && state.data.turns.length) choose(state.data.turns[0].id, true);
    else if ((event.key === "Enter" || event.key === "e") && current()) open(state.chosen, current().text.length);
    else if (event.key === "r") act("swap");
    else if (event.key === "m") act("merge");
    else if (event.key === "i") act("insert");
    else if (event.key === "Delete") act("delete");
    else if (event.key === " " && current()) play(current());
    else if (event.key === "j" || event.key === "k") press(event.key === "j" ? "after" : "before");
    else if (event.key === "n") press("held");
    else taken = false;
    if (taken) {
      event.preventDefault();
      event.stopPropagation();
    }
  });

  // The page's own buttons: their keys need Alt, because single letters belong to the tables of the page.
  function press(name) {
    globalThis.reddyWentOn = Date.now(); // not kept here: the page may build this view anew
    document.querySelector(`[class*="st-key-review"][class*="-${name}"] button`)?.click();
  }

  // --- recording ------------------------------------------------------------------------------------------

  function audio() {
    return document.querySelector(".st-key-player audio");
  }

  function play(turn) {
    const player = audio();
    if (!player || turn.start === null) return;
    player.currentTime = turn.start;
    player.play();
  }

  // The conversation reaches down to the end of the window, wherever it stands on the page.
  function fit() {
    const main = document.querySelector('[data-testid="stMain"]');
    const top = host.getBoundingClientRect().top + (main ? main.scrollTop : window.scrollY);
    const room = Math.floor(window.innerHeight - top - 28);
    const height = `${room < 300 ? Math.max(300, Math.floor(window.innerHeight * 0.6)) : room}px`;
    if (host.style.height !== height) host.style.height = height;
  }

  // In steps, so that dragging the window's edge does not run the page at each pixel; a width that the page knows is not
  // told again.
  function measure() {
    const width = Math.round(window.innerWidth / 80) * 80;
    if (width !== (state.width || state.data.window)) {
      state.width = width;
      state.send("window", width);
    }
  }

  const following = setInterval(() => {
    fit();
    measure();
    const player = audio();
    const now = player && !player.paused ? player.currentTime : null;
    let playing = null;
    if (now !== null)
      for (const turn of state.data.turns) if (turn.start !== null && turn.start <= now + 0.05) playing = turn.id;
    for (const [id, parts] of state.nodes) parts.turn.classList.toggle("playing", id === playing);
    if (playing && playing !== state.played && !state.editing)
      reveal(state.nodes.get(playing).turn, false);
    state.played = playing;
  }, 250);

  // --- drawing --------------------------------------------------------------------------------------------

  function fill(words, text, marks) {
    words.replaceChildren();
    let at = 0;
    for (const [begin, end, kind, title] of [...marks].sort((a, b) => a[0] - b[0])) {
      if (begin < at) continue;
      words.append(text.slice(at, begin));
      const mark = element("mark", kind, text.slice(begin, end));
      if (title) mark.title = title;
      words.append(mark);
      at = end;
    }
    words.append(text.slice(at));
  }

  function make(data) {
    const turn = element("li", "turn");
    turn.dataset.id = data.id;
    turn.tabIndex = -1;
    const gap = element("div", "gap");
    const stamp = element("button", "stamp");
    stamp.type = "button";
    stamp.tabIndex = -1;
    const bubble = element("div", "bubble");
    const who = element("div", "who");
    const words = element("div", "words");
    bubble.append(who, words);
    turn.append(gap, stamp, bubble);
    const parts = { turn, gap, stamp, who, words, data };
    stamp.addEventListener("click", () => {
      choose(parts.data.id, true);
      play(parts.data);
    });
    // The browser puts the caret where somebody clicked, if the text is editable before the mouse is up.
    words.addEventListener("mousedown", () => open(parts.data.id));
    words.addEventListener("blur", () => {
      if (state.editing && state.editing.words === words) close(true);
    });
    turn.addEventListener("mousedown", (event) => {
      if (!words.contains(event.target)) choose(parts.data.id, false);
    });
    turn.addEventListener("focus", () => choose(parts.data.id, false));
    return parts;
  }

  function update(parts, data) {
    const editing = state.editing && state.editing.id === data.id;
    const waiting = state.outbox.some((one) => one.turn === data.id && one.kind === "text");
    if (waiting) data = { ...data, text: parts.data.text, marks: [], seen: parts.data.seen };
    parts.data = data;
    const side = data.role === "agent" || data.role === "customer" ? data.role : "other";
    parts.turn.className = `turn ${side}`;
    parts.turn.classList.toggle("chosen", state.chosen === data.id);
    const label = data.label;
    parts.gap.textContent = data.gap;
    parts.gap.hidden = !data.gap;
    parts.stamp.textContent = data.start === null ? "–" : clock(data.start) + data.origin;
    parts.stamp.title = data.times;
    parts.stamp.disabled = data.start === null;
    parts.stamp.setAttribute("aria-label", data.start === null ? "No time" : `Play from ${clock(data.start)}`);
    parts.who.replaceChildren(element("span", "", label));
    for (const [kind, text] of data.findings) parts.who.append(element("span", `note ${kind}`, text));
    if (editing) {
      state.editing.number = data.number;
      if (state.editing.before === data.text) state.editing.seen = data.seen;
    } else fill(parts.words, data.text, data.marks);
  }

  function draw(data) {
    const other = !state.data || state.data.call !== data.call;
    // Who went on by key stays in the conversation, also where the page was built anew around it meanwhile.
    const lost = document.activeElement === document.body && Date.now() - (globalThis.reddyWentOn || 0) < WENT_ON;
    const focused = lost || host.contains(root.getRootNode().activeElement);
    if (other) {
      close(true);
      state.nodes.clear();
      list.replaceChildren();
      list.scrollTop = 0;
      state.chosen = null;
      state.pending = null;
    }
    const changed = !other && state.data.version !== data.version;
    state.data = data;
    const done = new Set(data.done);
    state.outbox = state.outbox.filter((one) => !done.has(one.id));
    host.classList.toggle("locked", data.locked);
    fit();
    conflicts.replaceChildren(
      ...data.conflicts.map(([message, typed]) => {
        const box = element("div", "conflict", `${message} `);
        box.setAttribute("role", "alert");
        if (typed) box.append(element("span", "typed", typed));
        const seen = element("button", "stamp", "Dismiss");
        seen.type = "button";
        seen.addEventListener("click", () => post("dismiss", { number: 0, seen: null }, {}));
        box.append(seen);
        return box;
      }),
    );
    const ids = new Set(data.turns.map((turn) => turn.id));
    for (const [id, parts] of [...state.nodes])
      if (!ids.has(id)) {
        if (state.editing && state.editing.id === id) {
          // Somebody else deleted the line. The edit is sent all the same: the ledger refuses it and says why, and the
          // answer shows what was typed.
          const edit = state.editing;
          const typed = edit.words.textContent;
          state.editing = null;
          if (typed !== edit.before) post("text", edit, { value: typed, turn: edit.id });
        }
        parts.turn.remove();
        state.nodes.delete(id);
      }
    // Dead nodes are gone; a node is moved only where it stands wrong: moving the open one would lose the caret.
    let at = list.firstElementChild;
    for (const turn of data.turns) {
      let parts = state.nodes.get(turn.id);
      if (!parts) {
        parts = make(turn);
        state.nodes.set(turn.id, parts);
      }
      update(parts, turn);
      if (parts.turn === at) at = at.nextElementSibling;
      else list.insertBefore(parts.turn, at);
    }
    list.querySelector(".none")?.remove();
    if (!data.turns.length) list.append(element("li", "none", "This call has no transcript. “Lines” has a button that adds one."));
    if (changed && state.pending !== null && !state.outbox.length) {
      const turn = data.turns.find((one) => one.number === state.pending);
      state.pending = null;
      if (turn && !state.editing) {
        choose(turn.id, true);
        if (!turn.text) open(turn.id, 0);
      }
    }
    list.tabIndex = data.turns.length ? -1 : 0;
    if (other) {
      const hit = data.turns.find((turn) => turn.marks.some((mark) => mark[2] === "hit"));
      const first = hit || data.turns[0];
      if (first) {
        choose(first.id, focused);
        if (hit) reveal(state.nodes.get(first.id).turn, true);
      } else if (focused) list.focus({ preventScroll: true }); // without turns, too
    }
    list.title = data.hint;
    enable();
    tell();
  }

  // A tab that is closed or reloaded must not take along what was typed. The open turn is sent at once, and the browser asks,
  // because a server that is busy drops what it has not begun when the connection ends. Nothing is kept in the browser's own
  // storage: words of calls would outlive the session there.
  function leave(event) {
    close(true);
    if (event.type === "beforeunload" && state.outbox.length) event.preventDefault();
  }
  // A tap on a link closes the open turn and leaves the page in the same moment. Streamlit sends the edit a moment later, and
  // its server takes the later message, from the page that was left, for the page to show. So the link waits.
  function wait(event) {
    const link = event.target.closest?.("a[href]");
    const soon = Date.now() - state.posted < AFTER_AN_EDIT;
    if (!link || !soon || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    setTimeout(() => link.click(), AFTER_AN_EDIT);
  }
  addEventListener("click", wait, true);
  addEventListener("beforeunload", leave);
  addEventListener("pagehide", leave);

  function stop() {
    close(true);
    removeEventListener("click", wait, true);
    removeEventListener("beforeunload", leave);
    removeEventListener("pagehide", leave);
    clearInterval(resending);
    clearInterval(following);
  }

  Object.assign(state, { draw, close: stop });
  return state;
}

function selectionOf(root) {
  const shadow = root.getRootNode();
  return shadow.getSelection ? shadow.getSelection() : document.getSelection();
}
