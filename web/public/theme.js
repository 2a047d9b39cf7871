// Runs before the first paint, as a file of its own because the page's CSP allows no inline script.
(function () {
  var root = document.documentElement;
  var read = function (key) {
    try {
      return localStorage.getItem(key);
    } catch (e) {
      return null;
    }
  };
  var theme = read('parlor.theme');
  if (theme !== 'light' && theme !== 'dark') {
    theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  }
  root.dataset.theme = theme;
  var contrast = read('parlor.contrast');
  if (contrast === 'high' || (contrast !== 'normal' && matchMedia('(prefers-contrast: more)').matches)) root.dataset.contrast = 'high';
  root.dataset.density = read('parlor.density') === 'compact' ? 'compact' : 'comfortable';
  var locale = read('parlor.locale');
  if (locale) root.lang = locale;
})();
