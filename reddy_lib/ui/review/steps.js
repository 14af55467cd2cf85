// Keys and clicks that go from call to call, each of them counted.
//
// Streamlit merges clicks of a button that come while the page is being drawn: five quick presses moved one or two calls.
// So presses of these buttons, and of their keys, are caught here and kept in `presses`, a state that holds each one until
// the page confirms its number in `data.done`. (See conversation.js, which does the same with edits.)

const KEYS = { KeyJ: "after", KeyK: "before", KeyN: "held" }; // with Alt
const RESEND = 4000;
const views = new WeakMap();

export default function (component) {
  const { parentElement, data, setStateValue } = component;
  let view = views.get(parentElement);
  if (!view) {
    view = createView();
    views.set(parentElement, view);
  }
  view.send = setStateValue;
  view.confirm(data);
  return () => {
    view.close();
    views.delete(parentElement);
  };
}

function createView() {
  const session = crypto.getRandomValues(new Uint32Array(2)).join("-");
  const view = { send: null, buttons: "", close, confirm };
  let waiting = [];
  let count = 0;

  function press(step) {
    count += 1;
    waiting.push({ session, number: count, step });
    flush();
  }

  function flush() {
    if (waiting.length) view.send("presses", waiting.map((one) => ({ ...one })));
  }

  function confirm(data) {
    view.buttons = data.buttons;
    const done = data.done[session] || 0;
    waiting = waiting.filter((one) => one.number > done);
  }

  function selector(step) {
    return `.st-key-${view.buttons}-${step} button`;
  }

  function take(event, step, button) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!button.disabled) press(step);
  }

  function onKey(event) {
    const step = event.altKey && !event.ctrlKey && !event.metaKey && KEYS[event.code];
    const button = step && document.querySelector(selector(step));
    if (!button) return;
    const typing = event.composedPath().some((node) => node.isContentEditable || /^(INPUT|TEXTAREA)$/.test(node.tagName));
    if (!typing && !document.querySelector('[role="dialog"]')) take(event, step, button);
  }

  function onClick(event) {
    for (const step of Object.values(KEYS)) {
      const button = event.target.closest?.(selector(step));
      if (button) take(event, step, button);
    }
  }

  // On the window and before all others: a key or click that is counted here must not reach the button as well.
  addEventListener("keydown", onKey, true);
  addEventListener("click", onClick, true);
  const resending = setInterval(flush, RESEND);

  function close() {
    removeEventListener("keydown", onKey, true);
    removeEventListener("click", onClick, true);
    clearInterval(resending);
  }

  return view;
}
