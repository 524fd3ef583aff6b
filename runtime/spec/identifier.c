/* identifier.c: words that a kernel cannot be called, since its header defines a function and a struct of its name.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/fields.h"

#include <stdio.h>
#include <string.h>

static const char cpp_keywords[] =
    " alignas alignof and and_eq asm bitand bitor bool catch char16_t char32_t char8_t class "
    "co_await co_return co_yield compl concept const_cast consteval constexpr constinit "
    "decltype delete dynamic_cast explicit export false friend mutable namespace new noexcept "
    "not not_eq nullptr operator or or_eq private protected public reinterpret_cast requires "
    "static_assert static_cast template this thread_local throw true try typeid typename "
    "using virtual wchar_t xor xor_eq typeof typeof_unqual ";

/* Compilers define these, and those of systems that programs are seldom written for. */
static const char macros[] = " linux unix i386 sun vax mips sparc NULL ";

static const char types[] =
    " int8_t int16_t int32_t int64_t int_least8_t int_least16_t int_least32_t int_least64_t "
    "int_fast8_t int_fast16_t int_fast32_t int_fast64_t uint8_t uint16_t uint32_t uint64_t "
    "uint_least8_t uint_least16_t uint_least32_t uint_least64_t uint_fast8_t uint_fast16_t "
    "uint_fast32_t uint_fast64_t intmax_t uintmax_t intptr_t uintptr_t size_t ssize_t "
    "ptrdiff_t max_align_t time_t clock_t div_t ldiv_t lldiv_t imaxdiv_t fpos_t off_t pid_t "
    "mbstate_t wint_t wctype_t wctrans_t sig_atomic_t fenv_t fexcept_t va_list jmp_buf FILE ";

/* The functions of C11, which compilers know, whatever is included.  Those on float and long double are the same
** names with another letter behind them. */
static const char functions[] =
    " main abort abs aligned_alloc asctime at_quick_exit atexit atof atoi atol atoll bsearch "
    "btowc calloc clearerr clock ctime difftime div exit fclose feof ferror fflush fgetc fgetpos "
    "fgets fgetwc fgetws fopen fprintf fputc fputs fputwc fputws fread free freopen fscanf fseek "
    "fsetpos ftell fwide fwprintf fwrite fwscanf getc getchar getenv getwc getwchar gmtime "
    "imaxabs imaxdiv isalnum isalpha isblank iscntrl isdigit isgraph islower isprint ispunct "
    "isspace isupper iswalnum iswalpha iswblank iswcntrl iswctype iswdigit iswgraph iswlower "
    "iswprint iswpunct iswspace iswupper iswxdigit isxdigit labs ldiv llabs lldiv localeconv "
    "localtime longjmp malloc mblen mbrlen mbrtowc mbsinit mbsrtowcs mbstowcs mbtowc memchr "
    "memcmp memcpy memmove memset mktime perror printf putc putchar puts putwc putwchar qsort "
    "quick_exit raise rand realloc remove rename rewind scanf setbuf setjmp setlocale setvbuf "
    "signal snprintf sprintf srand sscanf strcat strchr strcmp strcoll strcpy strcspn strerror "
    "strftime strlen strncat strncmp strncpy strpbrk strrchr strspn strstr strtod strtof "
    "strtoimax strtok strtol strtold strtoll strtoul strtoull strtoumax strxfrm swprintf swscanf "
    "system time tmpfile tmpnam tolower toupper towctrans towlower towupper ungetc ungetwc "
    "va_arg va_copy va_end va_start vfprintf vfscanf vfwprintf vfwscanf vprintf vscanf vsnprintf "
    "vsprintf vsscanf vswprintf vswscanf vwprintf vwscanf wcrtomb wcscat wcschr wcscmp wcscoll "
    "wcscpy wcscspn wcsftime wcslen wcsncat wcsncmp wcsncpy wcspbrk wcsrchr wcsrtombs wcsspn "
    "wcsstr wcstod wcstof wcstok wcstol wcstold wcstoll wcstombs wcstoul wcstoull wcsxfrm wctob "
    "wctomb wctrans wctype wmemchr wmemcmp wmemcpy wmemmove wmemset wprintf wscanf ";

static const char on_floats[] =
    " acos acosh asin asinh atan atan2 atanh cabs cacos cacosh carg casin casinh catan catanh "
    "cbrt ccos ccosh ceil cexp cimag clog conj copysign cos cosh cpow cproj creal csin csinh "
    "csqrt ctan ctanh erf erfc exp exp2 expm1 fabs fdim floor fma fmax fmin fmod frexp hypot "
    "ilogb ldexp lgamma llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint "
    "nextafter nexttoward pow remainder remquo rint round scalbln scalbn sin sinh sqrt tan tanh "
    "tgamma trunc ";

bool rt_is_among(const char *words, const char *name, size_t length)
{
    char word[DCN_NAME_MAX + 2];
    snprintf(word, sizeof word, " %.*s ", (int)length, name);
    return strstr(words, word) != NULL;
}

bool rt_is_cpp_keyword(const char *name)
{
    return rt_is_among(cpp_keywords, name, strlen(name));
}

static bool is_function(const char *name)
{
    const size_t length = strlen(name);
    const bool other_type = length > 1 && strchr("fl", name[length - 1]);
    return rt_is_among(functions, name, length) || rt_is_among(on_floats, name, length) ||
           (other_type && rt_is_among(on_floats, name, length - 1));
}

const char *rt_name_taken(const char *name)
{
    const size_t length = strlen(name);
    if (rt_is_cpp_keyword(name))
        return "a keyword of C++ or C23";
    if (rt_is_among(types, name, length))
        return "a type of C";
    if (name[0] == '_' && (name[1] == '_' || (name[1] >= 'A' && name[1] <= 'Z')))
        return "a name that compilers keep for themselves";
    if (rt_is_among(macros, name, length))
        return "a macro of compilers";
    return is_function(name) ? "a function of C" : NULL;
}
