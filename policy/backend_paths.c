// SPDX-License-Identifier: Apache-2.0
// backend_paths: the quirks, stack by stack. Each names a segment that opens another file than its text says.
#include "policy/backend_paths.h"
#include "parser/cursor.h"

const char *const backend_names[] = {"generic", "php", "tomcat", "iis", "wsgi", NULL};

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))
#define NOTHING ((struct bytes){NULL, 0})

// What lies beside the scripts: sources that are not run, and test runners that run what they are sent.
static const struct bytes php_closed[] = {
    BYTES("*.phps"), BYTES("*.inc"), BYTES("*/composer.json"), BYTES("*/composer.lock"), BYTES("*/phpunit/*"),
};
// Servlet specification 10.5: nothing below these may be served. Windows opens "WEB-INF.", "WEB-INF ",
// "WEB-INF::$INDEX_ALLOCATION" and "WEB-IN~1" as well.
static const struct bytes tomcat_closed[] = {
    BYTES("*/WEB-INF/*"), BYTES("*/META-INF/*"), BYTES("*/WEB-INF.*"), BYTES("*/META-INF.*"),
    BYTES("*/WEB-INF *"), BYTES("*/META-INF *"), BYTES("*/WEB-INF:*"), BYTES("*/META-INF:*"),
    BYTES("*/WEB-IN~*"),  BYTES("*/META-I~*"),
};
// What request filtering of IIS 7 hides, for those where it is older or switched off.
static const struct bytes iis_closed[] = {
    BYTES("*/web.config"),
    BYTES("*/global.asax"),
    BYTES("*/bin/*"),
    BYTES("*/App_Code/*"),
    BYTES("*/App_Data/*"),
    BYTES("*/App_Browsers/*"),
    BYTES("*/App_GlobalResources/*"),
    BYTES("*/App_LocalResources/*"),
    BYTES("*/App_WebReferences/*"),
    BYTES("*/_vti_pvt/*"),
};
static const struct bytes wsgi_closed[] = {
    BYTES("*.pyc"),         BYTES("*.pyo"),     BYTES("*/__pycache__/*"),
    BYTES("*/settings.py"), BYTES("*/wsgi.py"), BYTES("*.sqlite3"),
};

static bool is_one_of(struct bytes text, const struct bytes *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal_nocase(text, all[i]))
            return true;
    return false;
}

// What stands behind the last dot, or absent.
static struct bytes extension_of(struct bytes segment)
{
    const char *dot = segment.len > 0 ? memrchr(segment.at, '.', segment.len) : NULL;
    return dot == NULL ? NOTHING : bytes_after(segment, (size_t)(dot - segment.at) + 1);
}

static bool is_php_script(struct bytes segment)
{
    static const struct bytes scripts[] = {
        BYTES("php"),   BYTES("php3"), BYTES("php4"), BYTES("php5"), BYTES("php7"), BYTES("php8"),
        BYTES("phtml"), BYTES("pht"),  BYTES("phar"), BYTES("phps")}; // is shown, with a path behind it too
    return is_one_of(extension_of(segment), scripts, COUNT(scripts));
}

// ASP and ASP.NET: pages, handlers and services.
static bool is_asp_script(struct bytes segment)
{
    static const struct bytes scripts[] = {BYTES("aspx"), BYTES("asp"), BYTES("ashx"),   BYTES("asmx"),
                                           BYTES("axd"),  BYTES("svc"), BYTES("cshtml"), BYTES("php")};
    return is_one_of(extension_of(segment), scripts, COUNT(scripts));
}

// What visitors upload, and servers hand out as it is. Folders do have dots ("/v1.2/"), but not these.
static bool is_static_file(struct bytes segment)
{
    static const struct bytes files[] = {
        BYTES("jpg"), BYTES("jpeg"), BYTES("png"),  BYTES("gif"),  BYTES("webp"), BYTES("bmp"), BYTES("svg"),
        BYTES("ico"), BYTES("txt"),  BYTES("csv"),  BYTES("log"),  BYTES("pdf"),  BYTES("zip"), BYTES("gz"),
        BYTES("tar"), BYTES("rar"),  BYTES("7z"),   BYTES("doc"),  BYTES("docx"), BYTES("xls"), BYTES("xlsx"),
        BYTES("xml"), BYTES("json"), BYTES("html"), BYTES("htm"),  BYTES("css"),  BYTES("js"),  BYTES("mp3"),
        BYTES("mp4"), BYTES("avi"),  BYTES("mov"),  BYTES("tiff"), BYTES("odt"),  BYTES("ppt"), BYTES("rtf"),
    };
    return is_one_of(extension_of(segment), files, COUNT(files));
}

struct segments {
    struct bytes segment, after; // what comes behind may be empty
    bool         below_file;     // a segment before is named like a static file
};

// cgi.fix_pathinfo: when "/upload/a.jpg/x.php" is no file, PHP looks for one further and further in front,
// and runs "/upload/a.jpg".
static struct bytes php_quirk(const struct segments *s)
{
    return s->below_file && is_php_script(s->segment) ? BYTES("a script below a file") : NOTHING;
}

static bool ends_in_dot_or_blank(struct bytes segment)
{
    char last = segment.len > 0 ? segment.at[segment.len - 1] : 'x';
    return last == '.' || last == ' ';
}

// "x.JSP", "x.jsp ", "x.jsp.", "x.jsp::$DATA" and "x.jsp/" are the file x.jsp for Windows, but not a page for
// Tomcat: it hands out the source, and takes a PUT of it (CVE-2017-12615).
static struct bytes tomcat_quirk(const struct segments *s)
{
    static const struct bytes pages[] = {BYTES("jsp"), BYTES("jspx"), BYTES("jspf")};
    const char               *stream = s->segment.len > 0 ? memchr(s->segment.at, ':', s->segment.len) : NULL;
    struct bytes              name = s->segment;
    if (stream != NULL)
        name.len = (size_t)(stream - name.at);
    while (ends_in_dot_or_blank(name))
        name.len--;
    struct bytes extension = extension_of(name);
    if (!is_one_of(extension, pages, COUNT(pages)))
        return NOTHING;
    bool is_last = s->after.at == NULL;
    bool lower = bytes_equal(extension, BYTES("jsp")) || bytes_equal(extension, BYTES("jspx"));
    return name.len < s->segment.len || !is_last || !lower ? BYTES("a page by another name") : NOTHING;
}

// "CON", "com1.txt": devices, in every folder.
static bool is_device(struct bytes segment)
{
    static const struct bytes devices[] = {BYTES("con"), BYTES("prn"), BYTES("aux"), BYTES("nul")};
    size_t                    len = 0;
    while (len < segment.len && segment.at[len] != '.')
        len++;
    struct bytes name = {segment.at, len};
    bool         port = len == 4 && name.at[3] >= '1' && name.at[3] <= '9' &&
                (bytes_same_letters(name.at, "com", 3) || bytes_same_letters(name.at, "lpt", 3));
    return port || is_one_of(name, devices, COUNT(devices));
}

// "LONGNA~1.ASP": the name that MS-DOS would see.
static bool is_short_name(struct bytes segment)
{
    for (size_t i = 1; i + 1 < segment.len; i++)
        if (segment.at[i] == '~' && segment.at[i + 1] >= '0' && segment.at[i + 1] <= '9' &&
            (i + 2 == segment.len || segment.at[i + 2] == '.'))
            return i <= 6;
    return false;
}

// Full-width forms of "." "/" "\" ":", which some code pages map to ASCII.
static bool has_look_alike(struct bytes segment)
{
    static const struct bytes forms[] = {BYTES("\xEF\xBC\x8E"), BYTES("\xEF\xBC\x8F"), BYTES("\xEF\xBC\xBC"),
                                         BYTES("\xEF\xBC\x9A"), BYTES("\xE2\x88\x95")};
    for (size_t i = 0; i < COUNT(forms); i++)
        if (memmem(segment.at, segment.len, forms[i].at, forms[i].len) != NULL)
            return true;
    return false;
}

static bool has_any(struct bytes segment, struct bytes characters)
{
    for (size_t i = 0; i < segment.len; i++)
        if (memchr(characters.at, segment.at[i], characters.len) != NULL)
            return true;
    return false;
}

// "/b/(S(x))in/": ASP.NET takes what it thinks is a session out of the path, and opens "/bin/"
// (CVE-2023-36899).
static bool is_session(struct bytes segment)
{
    return segment.len >= 3 && segment.at[0] == '(' && (segment.at[1] | 0x20) >= 'a' &&
           (segment.at[1] | 0x20) <= 'z' && segment.at[2] == '(';
}

static struct bytes iis_quirk(const struct segments *s)
{
    if (ends_in_dot_or_blank(s->segment))
        return BYTES("a name that ends in a dot or a blank");
    if (has_any(s->segment, BYTES(":")))
        return BYTES("a stream of a file");
    if (has_any(s->segment, BYTES("*?<>|\"")))
        return BYTES("a wildcard");
    if (is_session(s->segment))
        return BYTES("a session in the path");
    if (is_short_name(s->segment))
        return BYTES("a short name");
    if (is_device(s->segment))
        return BYTES("a device");
    return has_look_alike(s->segment) ? BYTES("a look-alike of a separator") : NOTHING;
}

static const struct {
    const struct bytes *closed;
    size_t              closed_count;
    struct bytes (*quirk)(const struct segments *s); // NULL: none
    bool (*is_script)(struct bytes segment);         // that runs with a path behind it; NULL: none does
} stacks[] = {
    [BACKEND_GENERIC] = {NULL, 0, NULL, NULL},
    [BACKEND_PHP] = {php_closed, COUNT(php_closed), php_quirk, is_php_script},
    [BACKEND_TOMCAT] = {tomcat_closed, COUNT(tomcat_closed), tomcat_quirk, NULL},
    [BACKEND_IIS] = {iis_closed, COUNT(iis_closed), iis_quirk, is_asp_script},
    [BACKEND_WSGI] = {wsgi_closed, COUNT(wsgi_closed), NULL, NULL},
};

const struct bytes *backend_closed(enum backend b, size_t *count_r)
{
    *count_r = stacks[b].closed_count;
    return stacks[b].closed;
}

// *( "/" segment ); the decision reading has no empty ones but at its end.
static bool next_segment(struct cursor *path, struct bytes *segment_r)
{
    if (!cursor_char(path, '/'))
        return false;
    if (!cursor_until(path, '/', segment_r)) {
        *segment_r = cursor_rest(path);
        path->at = path->end;
    }
    return true;
}

struct bytes backend_quirk(enum backend b, struct bytes path)
{
    struct cursor   rest = cursor_over(path);
    struct segments s = {NOTHING, NOTHING, false};
    bool            more = stacks[b].quirk != NULL && next_segment(&rest, &s.after);
    while (more) {
        s.below_file = s.below_file || is_static_file(s.segment);
        s.segment = s.after;
        s.after = NOTHING;
        more = next_segment(&rest, &s.after);
        struct bytes found = stacks[b].quirk(&s);
        if (found.at != NULL)
            return found;
    }
    return NOTHING;
}

bool backend_script(enum backend b, struct bytes path, size_t *end)
{
    struct cursor rest = cursor_over(bytes_after(path, *end));
    struct bytes  segment;
    while (stacks[b].is_script != NULL && next_segment(&rest, &segment) && !cursor_done(&rest)) {
        *end += 1 + segment.len;
        if (stacks[b].is_script(segment))
            return true;
    }
    return false;
}
