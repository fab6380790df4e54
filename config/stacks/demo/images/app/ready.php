<?php
// For the health check, from this host alone: the database answers, and what WordPress has in it
// is at this WordPress's version. Cheap on purpose: it does not load WordPress.
require '/usr/share/wordpress/wp-includes/version.php';
mysqli_report(MYSQLI_REPORT_OFF);
$link = mysqli_init();
if (!@mysqli_real_connect($link, getenv('SITE_DB_HOST'), getenv('SITE_DB_USER'),
    getenv('SITE_DB_PASSWORD'), getenv('SITE_DB_NAME'))) {
    http_response_code(503);
    exit('database: ' . mysqli_connect_error());
}
// No table: not set up, which is no illness. The visitor sees the set-up page.
$rows = $link->query("SELECT option_value FROM wp_options WHERE option_name = 'db_version'");
$found = $rows ? $rows->fetch_row()[0] ?? null : null;
if ($found !== null && (int) $found !== $wp_db_version) {
    http_response_code(503);
    exit("tables at version $found, expected $wp_db_version");
}
echo 'ready';
