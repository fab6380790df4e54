<?php
// What Debian's wp-config.php includes. Keys and salts are the site's own and kept in its volume:
// with them a login made before an upgrade is good after it. Where the database is comes from the
// environment, as it belongs to the release.
require '/srv/site/salts.php';
define('DB_HOST', getenv('SITE_DB_HOST'));
define('DB_NAME', getenv('SITE_DB_NAME'));
define('DB_USER', getenv('SITE_DB_USER'));
define('DB_PASSWORD', getenv('SITE_DB_PASSWORD'));
define('DB_CHARSET', 'utf8mb4');

// The site is wherever the visitor found it: no fixed host or port, so no redirect to one. The
// cookies' name would follow the address; it is fixed, so that a login is good on every route.
$visited = preg_replace('/[^A-Za-z0-9.:\[\]-]/', '', $_SERVER['HTTP_HOST'] ?? '') ?: 'localhost';
define('WP_HOME', 'http://' . $visited);
define('WP_SITEURL', WP_HOME);
define('COOKIEHASH', 'demo');

// 'local' lets a script log in with an application password over plain HTTP.
define('WP_ENVIRONMENT_TYPE', 'local');
define('WP_DEFAULT_THEME', 'twentytwentythree');
define('WP_ALLOW_MULTISITE', false);
define('DISALLOW_FILE_MODS', true);
// Nothing outside can be reached from a demo, and waiting for it would be seen as slowness.
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
