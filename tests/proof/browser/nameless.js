// Everything that can be used and has no name to be called by.
() => {
  const named = (one) => one.getAttribute("aria-label") || one.getAttribute("aria-labelledby") || one.labels?.length
    || one.textContent.trim();
  const usable = document.querySelectorAll("button, a, input, select, textarea, [role=group]");
  return [...usable].filter((one) => one.checkVisibility() && !named(one)).map((one) => one.outerHTML);
}
