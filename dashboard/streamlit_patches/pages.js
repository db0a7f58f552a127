// Runs in every page before Streamlit does. What it relies on was read and tried in Streamlit 1.67.
(() => {
  // Streamlit makes an entry in the browser's history each time the script changes the address: when a page writes its
  // run and epoch there, and for each epoch that is looked at. Back should lead to the page before. So there is one
  // entry for each page that the person opened, and it always holds the newest address of that page.
  let pressedAt = null; // the address when the person last clicked or pressed a key on this page
  for (const type of ["click", "keydown"]) addEventListener(type, () => (pressedAt = location.href), true);
  addEventListener("popstate", () => (pressedAt = null), true);
  const { pushState } = history;
  history.pushState = function (state, unused, url) {
    const isOtherPage = new URL(url ?? "", location.href).pathname !== location.pathname;
    // An address that leads on by itself, such as /home, would lead on again whenever it was gone back to.
    if (!isOtherPage || pressedAt === null) return this.replaceState(state, unused, url);
    // The next page's first parameters come before its name, and have taken the place of those of the page that is left.
    if (new URL(pressedAt).pathname === location.pathname) this.replaceState(this.state, "", pressedAt);
    pressedAt = null;
    return pushState.call(this, state, unused, url);
  };

  // On a narrow screen the menu of pages lies over the page. Streamlit closes it after a choice only where the browser
  // calls itself a phone's.
  const NARROW = "(max-width: 768px)"; // below this width Streamlit lays its sidebar over the page
  const MENU = "[data-testid=stSidebar]";
  const find = (selector) => /** @type {HTMLElement | null} */ (document.querySelector(selector));
  const CLOSE = "[data-testid=stSidebarCollapseButton] button";
  addEventListener("click", ({ target }) => {
    const isLink = target instanceof Element && target.closest(`${MENU} a[href]`);
    if (!isLink || !matchMedia(NARROW).matches) return;
    // After Streamlit's own handling, lest a menu that it closes be opened again.
    setTimeout(() => {
      if (find(MENU)?.dataset.collapsed !== "true") find(`${MENU} ${CLOSE}`)?.click();
      const main = find("[data-testid=stMain]");
      main.tabIndex = -1;
      main.focus({ preventScroll: true });
    });
  });
})();
