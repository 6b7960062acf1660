// NestMap's places on Express, express-session and connect-pg-simple, set up as the site is:
// the other side of the comparison. The shapes are those of the site's API.
'use strict';

const cluster = require('node:cluster');
const express = require('express');
const session = require('express-session');
const PgStore = require('connect-pg-simple')(session);
const { Pool } = require('pg');

const { DATABASE_URL, SESSION_SECRET, HOST = '127.0.0.1', PORT, PROCESSES = '1' } = process.env;
const TTL_MS = 12 * 60 * 60 * 1000;
const PLACE = 'place:';
const PLACE_ID = /^[a-z0-9-]{1,64}$/;

function refuse(res, status, code, message) {
  res.status(status).json({ error: { code, message } });
}

function isText(value, least, most) {
  return typeof value === 'string' && value.length >= least && value.length <= most;
}

function listPlaces(req, res) {
  const places = Object.keys(req.session)
    .filter((key) => key.startsWith(PLACE))
    .sort()
    .map((key) => ({ id: key.slice(PLACE.length), ...req.session[key] }));
  res.json({ places });
}

function putPlace(req, res) {
  const { id } = req.params;
  const { name, note = '' } = req.body ?? {};
  if (!PLACE_ID.test(id) || !isText(name, 1, 120) || !isText(note, 0, 500)) {
    return refuse(res, 400, 'invalid_place', 'A place needs an id and a name.');
  }
  const key = PLACE + id;
  const status = key in req.session ? 200 : 201;
  req.session[key] = { name, note };
  res.status(status).json({ id, name, note });
}

function sessions() {
  const pool = new Pool({ connectionString: DATABASE_URL, max: 10 });
  return session({
    store: new PgStore({ pool, createTableIfMissing: true }),
    name: 'nestmap.sid',
    secret: SESSION_SECRET,
    resave: false,
    saveUninitialized: false,
    rolling: true,
    cookie: { maxAge: TTL_MS, httpOnly: true, path: '/', sameSite: 'lax', secure: false },
  });
}

function application() {
  const app = express();
  app.disable('x-powered-by'); // NestMap's answers have neither of the two
  app.disable('etag');
  app.get('/livez', (req, res) => res.json({ status: 'ok' })); // before the session: it has none
  app.use(sessions());
  app.get('/api/places', listPlaces);
  app.put('/api/places/:id', express.json({ limit: '64kb' }), putPlace);
  return app;
}

function serve() {
  const server = application().listen(Number(PORT), HOST);
  process.once('SIGTERM', () => {
    server.closeAllConnections();
    process.exit(0);
  });
}

const processes = Number(PROCESSES);
if (processes > 1 && cluster.isPrimary) {
  for (let i = 0; i < processes; i += 1) cluster.fork();
  process.once('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.kill('SIGTERM');
    process.exit(0);
  });
} else {
  serve();
}
