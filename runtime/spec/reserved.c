/* reserved.c: names that C and C++ keep for themselves.
**
** A kernel's name becomes a function of the header that is emitted with it, which programs in C and
** C++ include beside headers of their library.  Words stand in strings, each followed by a space.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/fields.h"

#include <string.h>

/* Of C23, and what gcc adds to it. */
static const char c_keywords[] =
    "asm auto break case char const continue default do double else enum extern float for "
    "goto if inline int long register restrict return short signed sizeof static struct "
    "switch typedef typeof union unsigned void volatile while alignas alignof bool constexpr "
    "false nullptr static_assert thread_local true typeof_unqual ";

/* Of C++23, beside those of C. */
static const char cpp_keywords[] =
    "and and_eq bitand bitor catch char16_t char32_t char8_t class co_await co_return "
    "co_yield compl concept const_cast consteval constinit decltype delete dynamic_cast "
    "explicit export friend mutable namespace new noexcept not not_eq operator or or_eq "
    "private protected public reinterpret_cast requires static_cast template this throw try "
    "typeid typename using virtual wchar_t xor xor_eq ";

/* Functions, types and macros of C11's library, and what glibc's headers of the same names declare
** unless a program asks for less.  Two strings, because C promises 4095 letters for one. */
static const char library_from_a[] =
    "BIG_ENDIAN BUFSIZ BYTE_ORDER EOF EXIT_FAILURE EXIT_SUCCESS FD_CLR FD_ISSET FD_SET "
    "FD_SETSIZE FD_ZERO FILE FILENAME_MAX FOPEN_MAX FP_ILOGB0 FP_ILOGBNAN FP_INFINITE FP_NAN "
    "FP_NORMAL FP_SUBNORMAL FP_ZERO HUGE_VAL HUGE_VALF HUGE_VALL I INFINITY LITTLE_ENDIAN "
    "L_ctermid L_tmpnam MATH_ERREXCEPT MATH_ERRNO MB_CUR_MAX M_1_PI M_2_PI M_2_SQRTPI M_E "
    "M_LN10 M_LN2 M_LOG10E M_LOG2E M_PI M_PI_2 M_PI_4 M_SQRT1_2 M_SQRT2 NAN NFDBITS NULL "
    "PDP_ENDIAN PTRDIFF_MAX PTRDIFF_MIN P_tmpdir RAND_MAX SEEK_CUR SEEK_END SEEK_SET "
    "SIG_ATOMIC_MAX SIG_ATOMIC_MIN SIZE_MAX TMP_MAX WCHAR_MAX WCHAR_MIN WCONTINUED WEXITED "
    "WEXITSTATUS WIFCONTINUED WIFEXITED WIFSIGNALED WIFSTOPPED WINT_MAX WINT_MIN WNOHANG "
    "WNOWAIT WSTOPPED WSTOPSIG WTERMSIG WUNTRACED a64l abort abs acos acosf acosh acoshf "
    "acoshl acosl aligned_alloc alloca arc4random arc4random_buf arc4random_uniform asctime "
    "asin asinf asinh asinhf asinhl asinl assert at_quick_exit atan atan2 atan2f atan2l "
    "atanf atanh atanhf atanhl atanl atexit atof atoi atol atoll atomic_flag_clear "
    "atomic_flag_clear_explicit atomic_flag_test_and_set atomic_flag_test_and_set_explicit "
    "atomic_signal_fence atomic_thread_fence bcmp bcopy be16toh be32toh be64toh blkcnt64_t "
    "blkcnt_t blksize_t bsearch btowc bzero c16rtomb c32rtomb cabs cabsf cabsl cacos cacosf "
    "cacosh cacoshf cacoshl cacosl caddr_t call_once calloc carg cargf cargl casin casinf "
    "casinh casinhf casinhl casinl catan catanf catanh catanhf catanhl catanl cbrt cbrtf "
    "cbrtl ccos ccosf ccosh ccoshf ccoshl ccosl ceil ceilf ceill cexp cexpf cexpl cimag "
    "cimagf cimagl clearenv clearerr clearerr_unlocked clock clock_t clockid_t clog clogf "
    "clogl cnd_broadcast cnd_destroy cnd_init cnd_signal cnd_timedwait cnd_wait complex conj "
    "conjf conjl copysign copysignf copysignl cos cosf cosh coshf coshl cosl cpow cpowf "
    "cpowl cproj cprojf cprojl creal crealf creall csin csinf csinh csinhf csinhl csinl "
    "csqrt csqrtf csqrtl ctan ctanf ctanh ctanhf ctanhl ctanl ctermid ctime daddr_t dev_t "
    "difftime div div_t double_t dprintf drand48 drand48_r drem dremf dreml ecvt ecvt_r "
    "erand48 erand48_r erf erfc erfcf erfcl erff erfl errno exit exp exp2 exp2f exp2l expf "
    "expl explicit_bzero expm1 expm1f expm1l fabs fabsf fabsl fclose fcvt fcvt_r fd_mask "
    "fd_set fdim fdimf fdiml fdopen feclearexcept fegetenv fegetexceptflag fegetround "
    "feholdexcept feof feof_unlocked feraiseexcept ferror ferror_unlocked fesetenv "
    "fesetexceptflag fesetround fetestexcept feupdateenv fflush fflush_unlocked ffs ffsl "
    "ffsll fgetc fgetc_unlocked fgetpos fgets fgetwc fgetws fileno fileno_unlocked finite "
    "finitef finitel float_t flockfile floor floorf floorl fma fmaf fmal fmax fmaxf fmaxl "
    "fmemopen fmin fminf fminl fmod fmodf fmodl fopen fpclassify fpos_t fprintf fputc "
    "fputc_unlocked fputs fputwc fputws fread fread_unlocked free freopen frexp frexpf "
    "frexpl fsblkcnt64_t fsblkcnt_t fscanf fseek fseeko fsetpos fsfilcnt64_t fsfilcnt_t "
    "fsid_t ftell ftello ftrylockfile funlockfile fwide fwprintf fwrite fwrite_unlocked "
    "fwscanf gamma gammaf gammal gcvt getc getc_unlocked getchar getchar_unlocked getdelim "
    "getenv getline getloadavg getsubopt getw getwc getwchar gid_t gmtime htobe16 htobe32 "
    "htobe64 htole16 htole32 htole64 hypot hypotf hypotl id_t ilogb ilogbf ilogbl imaginary "
    "imaxabs imaxdiv index initstate initstate_r ino64_t ino_t isalnum isalpha isblank "
    "iscntrl isdigit isfinite isgraph isgreater isgreaterequal isinf isinff isinfl isless "
    "islessequal islessgreater islower isnan isnanf isnanl isnormal isprint ispunct isspace ";

static const char library_to_z[] =
    "isunordered isupper iswalnum iswalpha iswblank iswcntrl iswctype iswdigit iswgraph "
    "iswlower iswprint iswpunct iswspace iswupper iswxdigit isxdigit j0 j0f j0l j1 j1f j1l "
    "jmp_buf jn jnf jnl jrand48 jrand48_r key_t l64a labs lcong48 lcong48_r ldexp ldexpf "
    "ldexpl ldiv ldiv_t le16toh le32toh le64toh lgamma lgamma_r lgammaf lgammaf_r lgammal "
    "lgammal_r llabs lldiv lldiv_t llrint llrintf llrintl llround llroundf llroundl locale_t "
    "localeconv localtime loff_t log log10 log10f log10l log1p log1pf log1pl log2 log2f "
    "log2l logb logbf logbl logf logl longjmp lrand48 lrand48_r lrint lrintf lrintl lround "
    "lroundf lroundl malloc math_errhandling max_align_t mblen mbrlen mbrtoc16 mbrtoc32 "
    "mbrtowc mbsinit mbsrtowcs mbstowcs mbtowc memccpy memchr memcmp memcpy memmove memset "
    "mkdtemp mkstemp mkstemps mktemp mktime mode_t modf modff modfl mrand48 mrand48_r "
    "mtx_destroy mtx_init mtx_lock mtx_timedlock mtx_trylock mtx_unlock nan nanf nanl "
    "nearbyint nearbyintf nearbyintl nextafter nextafterf nextafterl nexttoward nexttowardf "
    "nexttowardl nlink_t noreturn nrand48 nrand48_r off64_t off_t offsetof on_exit "
    "open_memstream pclose perror pid_t popen posix_memalign pow powf powl printf pselect "
    "pthread_attr_t pthread_key_t pthread_once_t pthread_spinlock_t pthread_t ptrdiff_t putc "
    "putc_unlocked putchar putchar_unlocked putenv puts putw putwc putwchar qecvt qecvt_r "
    "qfcvt qfcvt_r qgcvt qsort quad_t quick_exit raise rand rand_r random random_r realloc "
    "reallocarray realpath remainder remainderf remainderl remove remquo remquof remquol "
    "rename renameat rewind rindex rint rintf rintl rlim64_t rlim_t round roundf roundl "
    "rpmatch scalb scalbf scalbl scalbln scalblnf scalblnl scalbn scalbnf scalbnl scanf "
    "seed48 seed48_r select setbuf setbuffer setenv setjmp setlinebuf setlocale setstate "
    "setstate_r setvbuf sig_atomic_t signal signbit significand significandf significandl "
    "sigset_t sin sinf sinh sinhf sinhl sinl size_t snprintf socklen_t sprintf sqrt sqrtf "
    "sqrtl srand srand48 srand48_r srandom srandom_r sscanf ssize_t stderr stdin stdout "
    "stpcpy stpncpy strcasecmp strcasecmp_l strcat strchr strcmp strcoll strcoll_l strcpy "
    "strcspn strdup strerror strerror_l strerror_r strftime strlen strncasecmp strncasecmp_l "
    "strncat strncmp strncpy strndup strnlen strpbrk strrchr strsep strsignal strspn strstr "
    "strtod strtof strtoimax strtok strtok_r strtol strtold strtoll strtoq strtoul strtoull "
    "strtoumax strtouq strxfrm strxfrm_l suseconds64_t suseconds_t swprintf swscanf system "
    "tan tanf tanh tanhf tanhl tanl tempnam tgamma tgammaf tgammal thrd_create thrd_current "
    "thrd_detach thrd_equal thrd_exit thrd_join thrd_sleep thrd_t thrd_yield time time_t "
    "timer_t timespec timespec_get tm tmpfile tmpnam tmpnam_r tolower toupper towctrans "
    "towlower towupper trunc truncf truncl tss_create tss_delete tss_get tss_set tss_t "
    "u_char u_int u_int16_t u_int32_t u_int64_t u_int8_t u_long u_quad_t u_short uid_t uint "
    "ulong ungetc ungetwc unsetenv useconds_t ushort va_arg va_copy va_end va_list va_start "
    "valloc vdprintf vfprintf vfscanf vfwprintf vfwscanf vprintf vscanf vsnprintf vsprintf "
    "vsscanf vswprintf vswscanf vwprintf vwscanf wchar_t wcrtomb wcscat wcschr wcscmp "
    "wcscoll wcscpy wcscspn wcsftime wcslen wcsncat wcsncmp wcsncpy wcspbrk wcsrchr "
    "wcsrtombs wcsspn wcsstr wcstod wcstof wcstoimax wcstok wcstol wcstold wcstoll wcstombs "
    "wcstoul wcstoull wcstoumax wcsxfrm wctob wctomb wctrans wctype wmemchr wmemcmp wmemcpy "
    "wmemmove wmemset wprintf wscanf y0 y0f y0l y1 y1f y1l yn ynf ynl ";

/* Macros without an underscore that compilers of Unix systems define. */
static const char compilers[] =
    "PPC arm hpux i386 linux m68k mips pyr sgi sparc sun ultrix unix vax ";

static bool has_word(const char *words, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = strstr(words, name); at; at = strstr(at + 1, name))
        if ((at == words || at[-1] == ' ') && at[length] == ' ')
            return true;
    return false;
}

static bool ends(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n > m && !strcmp(name + n - m, end);
}

/* int8_t, INT8_MAX and the like, also those that a later C may add. */
static bool is_of_stdint(const char *name)
{
    const char *rest = name + (*name == 'u' || *name == 'U');
    const bool macro = !strncmp(rest, "INT", 3);
    if (!macro)
        return !strncmp(rest, "int", 3) && ends(name, "_t");
    return ends(name, "_MAX") || ends(name, "_MIN") || ends(name, "_C") || ends(name, "_WIDTH");
}

const char *rt_reserved(const char *name)
{
    static const struct {
        const char *words, *why;
    } of[] = {
        { c_keywords, "is a keyword of C" },
        { cpp_keywords, "is a keyword of C++" },
        { library_from_a, "is a name of the C library" },
        { library_to_z, "is a name of the C library" },
        { compilers, "is a macro of C compilers" },
        { "main ", "is where a program begins" },
        { "std ", "is the namespace of C++'s library" },
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        if (has_word(of[i].words, name))
            return of[i].why;
    if (is_of_stdint(name))
        return "is a name of the C library";
    if (!strncmp(name, "omp_", 4))
        return "begins with omp_, as the names of OpenMP do";
    if (*name == '_')
        return "begins with _, as names do that C keeps for itself";
    return NULL;
}
