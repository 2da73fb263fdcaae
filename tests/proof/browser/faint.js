// Every text that can be seen, against what is behind it: the words and the ratio, where that is too low for AA.
() => {
  const parse = (value) => {
    const [r, g, b, a = 1] = value.match(/[\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const mixed = (top, under) => (name) => [name, top[name] * top.a + under[name] * (1 - top.a)];
  const over = (top, under) => ({ a: 1, ...Object.fromEntries(["r", "g", "b"].map(mixed(top, under))) });
  const behind = (element) => {
    if (!element) return { r: 255, g: 255, b: 255, a: 1 };
    const own = parse(getComputedStyle(element).backgroundColor);
    return own.a === 1 ? own : over(own, behind(element.parentElement));
  };
  const channel = (one) => (one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4);
  const light = ({ r, g, b }) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const isLeftOut = (element) => element.closest("noscript, .hidden, .skip, .emoji, option, script")
    || !element.checkVisibility({ visibilityProperty: true });

  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!/[\p{L}\p{N}]/u.test(node.textContent) || isLeftOut(element)) continue;
    const style = getComputedStyle(element);
    const ground = behind(element);
    const [more, less] = [light(over(parse(style.color), ground)), light(ground)].sort((one, other) => other - one);
    const ratio = (more + 0.05) / (less + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) faint.push(`${node.textContent.trim()}: ${ratio.toFixed(2)}`);
  }
  return faint;
}
