// SPDX-License-Identifier: Apache-2.0
// What each profile of path_traversal refuses, and what it leaves alone.
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <criterion/criterion.h>
#include <stdio.h>

struct row {
    const char *label, *backend, *target;
    enum reason reason;
    const char *detail;
};

#define SCRIPT "a script below a file"
#define PAGE "a page by another name"
#define DOT "a name that ends in a dot or a blank"

static const struct row rows[] = {
    {"PHP: a script", "php", "/index.php", REASON_NONE, ""},
    {"a script with a path behind it", "php", "/index.php/news/1.html", REASON_NONE, ""},
    {"a script below a folder with dots", "php", "/v1.2/www.example.com/index.php", REASON_NONE, ""},
    {"a script below a picture", "php", "/upload/a.jpg/x.php", REASON_PATH_MISREAD, SCRIPT},
    {"in capitals", "php", "/upload/a.JPG/x.PHP", REASON_PATH_MISREAD, SCRIPT},
    {"behind two slashes", "php", "/upload/a.gif//x.php", REASON_PATH_MISREAD, SCRIPT},
    {"with a path behind it", "php", "/upload/a.txt/x.phtml/y", REASON_PATH_MISREAD, SCRIPT},
    {"further below a picture", "php", "/upload/a.jpg/b/c/x.php", REASON_PATH_MISREAD, SCRIPT},
    {"a picture below a script", "php", "/index.php/a.jpg/b", REASON_NONE, ""},
    {"a source with a path behind it", "php", "/index.phps/x", REASON_PATH_DENIED, "*.phps"},
    {"a source", "php", "/index.phps", REASON_PATH_DENIED, "*.phps"},
    {"an include", "php", "/lib/db.inc", REASON_PATH_DENIED, "*.inc"},
    {"a list of packages", "php", "/composer.lock", REASON_PATH_DENIED, "*/composer.lock"},
    {"a test runner", "php", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", REASON_PATH_DENIED,
     "*/phpunit/*"},
    {"for others that is a name", "generic", "/upload/a.jpg/x.php", REASON_NONE, ""},

    {"Tomcat: a page", "tomcat", "/shop/index.jsp;jsessionid=1?a=b", REASON_NONE, ""},
    {"a class", "tomcat", "/shop/WEB-INF/classes/A.class", REASON_PATH_DENIED, "*/WEB-INF/*"},
    {"the folder itself", "tomcat", "/WEB-INF", REASON_PATH_DENIED, "*/WEB-INF/*"},
    {"in small letters", "tomcat", "/web-inf/web.xml", REASON_PATH_DENIED, "*/WEB-INF/*"},
    {"with a parameter", "tomcat", "/WEB-INF;x=1/web.xml", REASON_PATH_DENIED, "*/WEB-INF/*"},
    {"behind an empty parameter", "tomcat", "/;/WEB-INF/web.xml", REASON_PATH_DENIED, "*/WEB-INF/*"},
    {"with a dot behind it", "tomcat", "/WEB-INF./web.xml", REASON_PATH_DENIED, "*/WEB-INF.*"},
    {"with a blank behind it", "tomcat", "/WEB-INF%20/web.xml", REASON_PATH_DENIED, "*/WEB-INF *"},
    {"as a stream", "tomcat", "/WEB-INF::$INDEX_ALLOCATION/web.xml", REASON_PATH_DENIED, "*/WEB-INF:*"},
    {"by its short name", "tomcat", "/web-in~1/web.xml", REASON_PATH_DENIED, "*/WEB-IN~*"},
    {"the manifest", "tomcat", "/META-INF/context.xml", REASON_PATH_DENIED, "*/META-INF/*"},
    {"a name that begins so", "tomcat", "/WEB-INFO/x", REASON_NONE, ""},
    {"a page in capitals", "tomcat", "/index.JSP", REASON_PATH_MISREAD, PAGE},
    {"with a slash behind it", "tomcat", "/index.jsp/", REASON_PATH_MISREAD, PAGE},
    {"with a blank behind it", "tomcat", "/index.jsp%20", REASON_PATH_MISREAD, PAGE},
    {"with a dot behind it", "tomcat", "/index.jsp.", REASON_PATH_MISREAD, PAGE},
    {"as a stream", "tomcat", "/index.jsp::$DATA", REASON_PATH_MISREAD, PAGE},
    {"as a stream with a blank", "tomcat", "/index.jsp%20%3A:$DATA", REASON_PATH_MISREAD, PAGE},
    {"with a path behind it", "tomcat", "/index.jsp/a", REASON_PATH_MISREAD, PAGE},
    {"a fragment", "tomcat", "/a.jspf", REASON_PATH_MISREAD, PAGE},
    {"a document page", "tomcat", "/a.jspx", REASON_NONE, ""},
    {"for others that is a folder", "generic", "/WEB-INF/web.xml", REASON_NONE, ""},

    {"IIS: a page", "iis", "/shop/Default.aspx", REASON_NONE, ""},
    {"the configuration", "iis", "/web.config", REASON_PATH_DENIED, "*/web.config"},
    {"in capitals", "iis", "/shop/WEB.CONFIG", REASON_PATH_DENIED, "*/web.config"},
    {"with a dot behind it", "iis", "/web.config.", REASON_PATH_MISREAD, DOT},
    {"with a blank behind it", "iis", "/web.config%20", REASON_PATH_MISREAD, DOT},
    {"a folder with a dot behind it", "iis", "/admin./x", REASON_PATH_MISREAD, DOT},
    {"the data stream", "iis", "/a.asp::$DATA", REASON_PATH_MISREAD, "a stream of a file"},
    {"another stream", "iis", "/a%3Ab", REASON_PATH_MISREAD, "a stream of a file"},
    {"a short name", "iis", "/LONGNA~1.ASP", REASON_PATH_MISREAD, "a short name"},
    {"a short folder", "iis", "/PROGRA~1/x", REASON_PATH_MISREAD, "a short name"},
    {"a wildcard as scanners use it", "iis", "/*~1*/.aspx", REASON_PATH_DENIED, ".aspx"},
    {"a wildcard", "iis", "/a*", REASON_PATH_MISREAD, "a wildcard"},
    {"an encoded question mark", "iis", "/a%3Fb", REASON_PATH_MISREAD, "a wildcard"},
    {"a device", "iis", "/aux", REASON_PATH_MISREAD, "a device"},
    {"a device with an ending", "iis", "/x/CON.aspx", REASON_PATH_MISREAD, "a device"},
    {"a port", "iis", "/com1.txt", REASON_PATH_MISREAD, "a device"},
    {"a full-width slash", "iis", "/a%EF%BC%8Fb", REASON_PATH_MISREAD, "a look-alike of a separator"},
    {"a parameter", "iis", "/upload/a.asp;.jpg", REASON_PATH_PARAMETERS, ";"},
    {"a session inside a name", "iis", "/b/(S(x))in/Shop.dll", REASON_PATH_MISREAD, "a session in the path"},
    {"a session in front", "iis", "/(A(x)S(y))/admin/", REASON_PATH_MISREAD, "a session in the path"},
    {"brackets", "iis", "/report(1)/(a)/((b))", REASON_NONE, ""},
    {"assemblies", "iis", "/bin/Shop.dll", REASON_PATH_DENIED, "*/bin/*"},
    {"scripts of another kind", "iis", "/cgi-bin/a", REASON_NONE, ""},
    {"a home", "iis", "/~1user/a", REASON_NONE, ""},
    {"a version behind a tilde", "iis", "/release~10a", REASON_NONE, ""},
    {"a name that only begins like a device", "iis", "/contact/auxiliary/com10", REASON_NONE, ""},
    {"UTF-8", "iis", "/caf%C3%A9/a", REASON_NONE, ""},
    {"for others that is a name", "generic", "/a.asp::$DATA", REASON_NONE, ""},

    {"WSGI: an address", "wsgi", "/polls/5/", REASON_NONE, ""},
    {"compiled code", "wsgi", "/app/views.pyc", REASON_PATH_DENIED, "*.pyc"},
    {"its folder", "wsgi", "/app/__pycache__/views.cpython-311.pyc", REASON_PATH_DENIED, "*.pyc"},
    {"the settings", "wsgi", "/shop/settings.py", REASON_PATH_DENIED, "*/settings.py"},
    {"the database", "wsgi", "/db.sqlite3", REASON_PATH_DENIED, "*.sqlite3"},
};

Test(path_backends, rows)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        static struct rules rules;
        struct arena        arena;
        char                json[128];
        (void)snprintf(json, sizeof json, "{\"type\": \"path_traversal\", \"backend\": \"%s\"}",
                       row->backend);
        rules_load_policy(&rules, json);
        arena_init(&arena, NULL, 1u << 20);
        cr_assert_not_null(rules.snapshot, "%s: %s", row->label, rules.problems);
        struct request request = request_for(&arena, "GET", NULL, row->target);
        struct verdict verdict = rules_ask(&rules, &request, &arena);
        cr_expect_eq(verdict.reason, row->reason, "%s: %s: %s", row->backend, row->label,
                     reason_token(verdict.reason));
        cr_expect(bytes_equal(verdict.detail, bytes_of(row->detail)), "%s: %s: %.*s", row->backend,
                  row->label, SHOW(verdict.detail));
        arena_reset(&arena);
        rules_free(&rules);
    }
}

static struct verdict ask(const char *backend, const char *deny, const char *target)
{
    static struct rules rules;
    struct arena        arena;
    char                json[256];
    (void)snprintf(json, sizeof json,
                   "{\"type\": \"path_traversal\", \"backend\": \"%s\", \"deny\": [\"%s\"]}", backend, deny);
    rules_load_policy(&rules, json);
    arena_init(&arena, NULL, 1u << 20);
    cr_assert_not_null(rules.snapshot, "%s", rules.problems);
    struct request request = request_for(&arena, "GET", NULL, target);
    struct verdict verdict = rules_ask(&rules, &request, &arena);
    verdict.detail = (struct bytes){NULL, 0}; // it dies with the rules
    arena_reset(&arena);
    rules_free(&rules);
    return verdict;
}

Test(path_backends, a_closed_script_stays_closed_with_a_path_behind_it)
{
    cr_expect_eq(ask("php", "/install.php", "/install.php").reason, REASON_PATH_DENIED);
    cr_expect_eq(ask("php", "/install.php", "/install.php/a/b").reason, REASON_PATH_DENIED);
    cr_expect_eq(ask("php", "/a.php/install.php", "/a.php/install.php/b").reason, REASON_PATH_DENIED);
    cr_expect_eq(ask("php", "/install.php", "/index.php/install.php2").reason, REASON_NONE);
    cr_expect_eq(ask("php", "/x", "/a.php/b.php/c.php/d.php/e").reason, REASON_NONE,
                 "as many scripts as allowed");
    cr_expect_eq(ask("php", "/x", "/a.php/b.php/c.php/d.php/e.php/f").reason, REASON_PATH_MISREAD,
                 "one more");
    cr_expect_eq(ask("iis", "/users.aspx", "/users.aspx/list").reason, REASON_PATH_DENIED);
    cr_expect_eq(ask("iis", "/a.asmx", "/a.asmx/Delete").reason, REASON_PATH_DENIED);
    cr_expect_eq(ask("wsgi", "/a.py", "/a.py/b").reason, REASON_NONE);
}

Test(path_backends, what_is_closed_stays_closed_with_an_encoded_query_behind_it)
{
    cr_expect_eq(ask("php", "/admin.php", "/admin.php%3Fx.php").reason, REASON_PATH_DENIED);
    cr_expect_eq(ask("php", "/admin.php", "/admin.php%23x.php").reason, REASON_PATH_DENIED);
    cr_expect_eq(ask("generic", "/admin/*", "/admin%3F/x").reason, REASON_PATH_DENIED);
    cr_expect_eq(ask("generic", "/admin/*", "/admin%253F/x").reason, REASON_PATH_DENIED, "encoded twice");
    cr_expect_eq(ask("generic", "/what", "/so%20what%3F").reason, REASON_NONE);
    cr_expect_eq(ask("generic", "*/b", "/a?/b").reason, REASON_NONE, "a real query");
}
