// What a host application does: it says who is signed in, and puts the messenger on its pages.
(function () {
  'use strict';
  var query = new URLSearchParams(location.search);
  // People of the demo company; a test says who it is by itself.
  var PEOPLE = {
    hugo: ['demo-hugo', 'Hugo Marchand'], clara: ['demo-clara', 'Clara Winter'], marta: ['demo-marta', 'Marta Figueira'],
    sean: ['demo-sean', 'Seán Byrne'], aoife: ['demo-aoife', 'Aoife Nolan'],
  };
  var as = query.get('as') || 'hugo';
  var known = PEOPLE[as];
  var me = new URLSearchParams();
  me.set('sub', query.get('sub') || (known ? known[0] : as));
  if (query.get('email')) me.set('email', query.get('email'));
  else if (!query.get('sub') && known) me.set('email', as + '@alder-reis.example');
  if (query.get('ttl')) me.set('ttl', query.get('ttl'));

  var server = query.get('server') || '';
  var host = (window.host = { people: PEOPLE, as: as, tokens: 0, told: [] });
  // The colleagues come in once, so that "Discuss" knows them; in a real application they do so by themselves.
  if (!query.get('sub')) {
    Object.keys(PEOPLE).forEach(function (key) {
      fetch('/playground/token?sub=' + PEOPLE[key][0] + '&email=' + key + '@alder-reis.example')
        .then(function (answer) { return answer.text(); })
        .then(function (token) { return fetch('/api/v1/me', { headers: { Authorization: 'Bearer ' + token }, credentials: 'omit' }); });
    });
  }
  host.token = function () {
    host.tokens += 1;
    return fetch('/playground/token?' + me).then(function (answer) { return answer.text(); });
  };

  window.parlor = window.parlor || { q: [], quick: function () { window.parlor.q.push(arguments); } };
  if (!query.has('without')) {
    // A page with trusted types names the script itself.
    if (!document.querySelector('script[src$="/embed/quick.js"]')) {
      var script = document.createElement('script');
      script.src = server + '/embed/quick.js';
      script.async = true;
      document.head.appendChild(script);
    }
    ['ready', 'unread', 'open', 'close', 'message', 'error'].forEach(function (name) {
      window.parlor.quick('on', name, function (data) { host.told.push([name, data]); });
    });
    window.parlor.quick('init', { token: host.token, accent: query.get('accent'), position: query.get('position'), theme: query.get('theme'), locale: query.get('locale'), button: query.get('button') !== 'off' });
  }
})();
