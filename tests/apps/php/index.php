<?php
// SPDX-License-Identifier: Apache-2.0
// An old PHP app: file sessions, ids taken as they come (session.use_strict_mode=0), kept across the login.
// php -S 127.0.0.1:PORT -d session.save_path=FOLDER ... index.php
session_start();
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
header('Content-Type: text/plain');
if ($path === '/login' && $_SERVER['REQUEST_METHOD'] === 'POST') {
    $users = ['alice' => 'wonderland', 'bob' => 'builder', 'mallory' => 'hunter2'];
    $user = $_POST['user'] ?? '';
    $right = isset($users[$user]) && $users[$user] === ($_POST['password'] ?? '');
    if ($right) {
        $_SESSION['user'] = $user;
    }
    header('Location: ' . ($right ? '/home' : '/login?failed'), true, 302);
} elseif ($path === '/home') {
    echo isset($_SESSION['user']) ? "user: {$_SESSION['user']}" : 'anonymous';
} elseif ($path === '/cart') {
    if (isset($_GET['add'])) {
        $_SESSION['cart'][] = $_GET['add'];
    }
    echo 'cart: ' . implode(' ', $_SESSION['cart'] ?? []);
} elseif ($path === '/logout') {
    setcookie(session_name(), 'deleted', 1, '/'); // and the file stays
    echo 'bye';
} elseif ($path === '/login') {
    echo '<form method="post"><input name="user"><input name="password"></form>';
} else {
    http_response_code(404);
}
