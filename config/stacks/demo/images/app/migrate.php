<?php
// Before Apache serves: waits for the database, installs the site at its first start, or brings
// its tables up to this WordPress's version.
//
// A first start is installed without being asked only if all of this holds:
//   - the release says so: SITE_FIRST_RUN=install. v1 does; v2 and v3, which are reached by an
//     upgrade, do not;
//   - the volume was empty when the container started (the marker .first-start);
//   - the database has no WordPress in it.
// In every other case a site without state is left as it is, and WordPress shows its own set-up
// page to the visitor. So an upgrade that loses the data, be it the volume, the database or both,
// shows "set me up", and a test that never sees that page has proved something.
error_reporting(E_ALL & ~E_DEPRECATED);
mysqli_report(MYSQLI_REPORT_OFF);
const MARKER = '/srv/site/.first-start';

function say(string $line): void
{
    fwrite(STDERR, "site: $line\n");
}

$deadline = microtime(true) + 60;
while (true) {
    $link = mysqli_init();
    if (@mysqli_real_connect($link, getenv('SITE_DB_HOST'), getenv('SITE_DB_USER'),
        getenv('SITE_DB_PASSWORD'), getenv('SITE_DB_NAME'))) {
        $link->close();
        break;
    }
    if (microtime(true) > $deadline) {
        say('no database within 60 s: ' . mysqli_connect_error());
        exit(1);
    }
    usleep(100_000);
}

define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = 'localhost';
require '/usr/share/wordpress/wp-load.php';
// Pluggable: WordPress would send mail, and there is nowhere to send it.
function wp_new_blog_notification($title, $url, $user_id, $password): void
{
}
require ABSPATH . 'wp-admin/includes/upgrade.php';

$began = microtime(true);
if (is_blog_installed()) {
    @unlink(MARKER);
    global $wp_db_version;
    $from = (int) get_option('db_version');
    if ($from !== (int) $wp_db_version) {
        wp_upgrade();
        wp_cache_flush();
        $to = (int) get_option('db_version');
        if ($to !== (int) $wp_db_version) {
            say("tables are at version $to after the upgrade, expected $wp_db_version");
            exit(1);
        }
        say(sprintf('tables upgraded from %d to %d in %.1f s', $from, $to, microtime(true) - $began));
    }
    exit(0);
}
if (getenv('SITE_FIRST_RUN') !== 'install' || !file_exists(MARKER)) {
    say('no WordPress in the database: visitors get the set-up page');
    exit(0);
}

wp_install(getenv('SITE_TITLE'), getenv('SITE_USER'), 'admin@example.org', true, '', getenv('SITE_PASSWORD'));
foreach (['ping_sites' => '', 'default_pingback_flag' => 0, 'comments_notify' => 0] as $name => $value) {
    update_option($name, $value);
}
// The same password as an application password: scripts use it with HTTP's basic authentication.
$application = [
    'uuid' => wp_generate_uuid4(),
    'app_id' => '',
    'name' => 'script',
    'password' => wp_hash_password(getenv('SITE_PASSWORD')),
    'created' => time(),
    'last_used' => null,
    'last_ip' => null,
];
$user = get_user_by('login', getenv('SITE_USER'));
update_user_meta($user->ID, WP_Application_Passwords::USERMETA_KEY_APPLICATION_PASSWORDS, [$application]);
update_network_option(get_main_network_id(), WP_Application_Passwords::OPTION_KEY_IN_USE, true);
unlink(MARKER);
say(sprintf('installed in %.1f s', microtime(true) - $began));
