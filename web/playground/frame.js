// The element, from the server that the address names.
(function () {
  var inbox = document.querySelector('parlor-inbox');
  inbox.token = window.host.token;
  inbox.addEventListener('parlor:unread', function (event) {
    document.getElementById('unread').textContent = event.detail.unread + ' unread';
  });
  var script = document.createElement('script');
  script.src = (new URLSearchParams(location.search).get('server') || '') + '/embed/inbox.js';
  document.head.appendChild(script);
})();
