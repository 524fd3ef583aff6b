/* c_words.c: the words that C, C++, POSIX and their headers have taken.
**
** Found by compiling a kernel's header for each identifier that the headers of glibc 2.36 mention
** (tests/unit/spec/test_identifier.c does so again).  Left out are macros in capitals that only POSIX has.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/c_words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char cpp_keywords[] =
    " alignas alignof and and_eq asm bitand bitor bool catch char16_t char32_t char8_t class "
    "co_await co_return co_yield compl concept const_cast consteval constexpr constinit "
    "decltype delete dynamic_cast explicit export false friend mutable namespace new noexcept "
    "not not_eq nullptr operator or or_eq private protected public reinterpret_cast requires "
    "static_assert static_cast template this thread_local throw true try typeid typename "
    "using virtual wchar_t xor xor_eq typeof typeof_unqual ";

/* The macros in front are defined by compilers themselves, also for systems that programs are seldom written for. */
static const char object_macros[] =
    " unix linux i386 sun vax mips sparc hpux L_ctermid L_tmpnam P_tmpdir complex errno "
    "math_errhandling noreturn sa_handler sa_sigaction si_addr si_addr_lsb si_arch si_band "
    "si_call_addr si_fd si_int si_lower si_overrun si_pid si_pkey si_ptr si_status si_stime "
    "si_syscall si_timerid si_uid si_upper si_utime si_value sigev_notify_attributes "
    "sigev_notify_function st_atime st_ctime st_mtime stderr stdin stdout "
    "ATOMIC_BOOL_LOCK_FREE ATOMIC_CHAR16_T_LOCK_FREE ATOMIC_CHAR32_T_LOCK_FREE "
    "ATOMIC_CHAR_LOCK_FREE ATOMIC_FLAG_INIT ATOMIC_INT_LOCK_FREE ATOMIC_LLONG_LOCK_FREE "
    "ATOMIC_LONG_LOCK_FREE ATOMIC_POINTER_LOCK_FREE ATOMIC_SHORT_LOCK_FREE ATOMIC_VAR_INIT "
    "ATOMIC_WCHAR_T_LOCK_FREE BUFSIZ CHAR_BIT CHAR_MAX CHAR_MIN CLOCKS_PER_SEC CMPLX CMPLXF "
    "CMPLXL DBL_DECIMAL_DIG DBL_DIG DBL_EPSILON DBL_HAS_SUBNORM DBL_MANT_DIG DBL_MAX "
    "DBL_MAX_10_EXP DBL_MAX_EXP DBL_MIN DBL_MIN_10_EXP DBL_MIN_EXP DBL_TRUE_MIN DECIMAL_DIG "
    "E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EADV EAFNOSUPPORT EAGAIN EALREADY EBADE EBADF "
    "EBADFD EBADMSG EBADR EBADRQC EBADSLT EBFONT EBUSY ECANCELED ECHILD ECHRNG ECOMM "
    "ECONNABORTED ECONNREFUSED ECONNRESET EDEADLK EDEADLOCK EDESTADDRREQ EDOM EDOTDOT EDQUOT "
    "EEXIST EFAULT EFBIG EHOSTDOWN EHOSTUNREACH EHWPOISON EIDRM EILSEQ EINPROGRESS EINTR "
    "EINVAL EIO EISCONN EISDIR EISNAM EKEYEXPIRED EKEYREJECTED EKEYREVOKED EL2HLT EL2NSYNC "
    "EL3HLT EL3RST ELIBACC ELIBBAD ELIBEXEC ELIBMAX ELIBSCN ELNRNG ELOOP EMEDIUMTYPE EMFILE "
    "EMLINK EMSGSIZE EMULTIHOP ENAMETOOLONG ENAVAIL ENETDOWN ENETRESET ENETUNREACH ENFILE "
    "ENOANO ENOBUFS ENOCSI ENODATA ENODEV ENOENT ENOEXEC ENOKEY ENOLCK ENOLINK ENOMEDIUM "
    "ENOMEM ENOMSG ENONET ENOPKG ENOPROTOOPT ENOSPC ENOSR ENOSTR ENOSYS ENOTBLK ENOTCONN "
    "ENOTDIR ENOTEMPTY ENOTNAM ENOTRECOVERABLE ENOTSOCK ENOTSUP ENOTTY ENOTUNIQ ENXIO EOF "
    "EOPNOTSUPP EOVERFLOW EOWNERDEAD EPERM EPFNOSUPPORT EPIPE EPROTO EPROTONOSUPPORT "
    "EPROTOTYPE ERANGE EREMCHG EREMOTE EREMOTEIO ERESTART ERFKILL EROFS ESHUTDOWN "
    "ESOCKTNOSUPPORT ESPIPE ESRCH ESRMNT ESTALE ESTRPIPE ETIME ETIMEDOUT ETOOMANYREFS ETXTBSY "
    "EUCLEAN EUNATCH EUSERS EWOULDBLOCK EXDEV EXFULL EXIT_FAILURE EXIT_SUCCESS FE_ALL_EXCEPT "
    "FE_DFL_ENV FE_DIVBYZERO FE_DOWNWARD FE_INEXACT FE_INVALID FE_OVERFLOW FE_TONEAREST "
    "FE_TOWARDZERO FE_UNDERFLOW FE_UPWARD FILENAME_MAX FLT_DECIMAL_DIG FLT_DIG FLT_EPSILON "
    "FLT_EVAL_METHOD FLT_HAS_SUBNORM FLT_MANT_DIG FLT_MAX FLT_MAX_10_EXP FLT_MAX_EXP FLT_MIN "
    "FLT_MIN_10_EXP FLT_MIN_EXP FLT_RADIX FLT_ROUNDS FLT_TRUE_MIN FOPEN_MAX FP_ILOGB0 "
    "FP_ILOGBNAN FP_INFINITE FP_NAN FP_NORMAL FP_SUBNORMAL FP_ZERO HUGE_VAL HUGE_VALF "
    "HUGE_VALL I INFINITY LC_ADDRESS LC_ALL LC_COLLATE LC_CTYPE LC_IDENTIFICATION "
    "LC_MEASUREMENT LC_MESSAGES LC_MONETARY LC_NAME LC_NUMERIC LC_PAPER LC_TELEPHONE LC_TIME "
    "LDBL_DECIMAL_DIG LDBL_DIG LDBL_EPSILON LDBL_HAS_SUBNORM LDBL_MANT_DIG LDBL_MAX "
    "LDBL_MAX_10_EXP LDBL_MAX_EXP LDBL_MIN LDBL_MIN_10_EXP LDBL_MIN_EXP LDBL_TRUE_MIN "
    "LLONG_MAX LLONG_MIN LONG_MAX LONG_MIN MATH_ERREXCEPT MATH_ERRNO MB_CUR_MAX MB_LEN_MAX "
    "NAN NULL ONCE_FLAG_INIT PTRDIFF_MAX PTRDIFF_MIN RAND_MAX SCHAR_MAX SCHAR_MIN SEEK_CUR "
    "SEEK_END SEEK_SET SHRT_MAX SHRT_MIN SIGABRT SIGALRM SIGBUS SIGCHLD SIGCLD SIGCONT SIGFPE "
    "SIGHUP SIGILL SIGINT SIGIO SIGIOT SIGKILL SIGPIPE SIGPOLL SIGPROF SIGPWR SIGQUIT "
    "SIGRTMAX SIGRTMIN SIGSEGV SIGSTKFLT SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP SIGTTIN "
    "SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ SIG_ATOMIC_MAX "
    "SIG_ATOMIC_MIN SIG_DFL SIG_ERR SIG_IGN SIZE_MAX TIME_UTC TMP_MAX TSS_DTOR_ITERATIONS "
    "UCHAR_MAX ULLONG_MAX ULONG_MAX USHRT_MAX WCHAR_MAX WCHAR_MIN WEOF WINT_MAX WINT_MIN "
    "L_cuserid ";

static const char types[] =
    " DIR FILE blkcnt64_t blkcnt_t blksize_t caddr_t clock_t clockid_t comparison_fn_t "
    "cookie_close_function_t cookie_io_functions_t cookie_read_function_t "
    "cookie_seek_function_t cookie_write_function_t cpu_set_t daddr_t dev_t div_t double_t "
    "error_t fd_mask fd_set fenv_t fexcept_t float_t fpos64_t fpos_t fpregset_t fsblkcnt64_t "
    "fsblkcnt_t fsfilcnt64_t fsfilcnt_t fsid_t gid_t greg_t gregset_t id_t imaxdiv_t ino64_t "
    "ino_t int16_t int32_t int64_t int8_t int_fast16_t int_fast32_t int_fast64_t int_fast8_t "
    "int_least16_t int_least32_t int_least64_t int_least8_t intmax_t intptr_t jmp_buf key_t "
    "ldiv_t lldiv_t locale_t loff_t max_align_t mbstate_t mcontext_t memory_order mode_t "
    "nlink_t nullptr_t off64_t off_t once_flag pid_t ptrdiff_t quad_t register_t sig_atomic_t "
    "sig_t sigevent_t siginfo_t sigjmp_buf sigset_t sigval_t size_t socklen_t ssize_t stack_t "
    "suseconds_t time_t timer_t u_char u_int u_int16_t u_int32_t u_int64_t u_int8_t u_long "
    "u_quad_t u_short ucontext_t uid_t uint uint16_t uint32_t uint64_t uint8_t uint_fast16_t "
    "uint_fast32_t uint_fast64_t uint_fast8_t uint_least16_t uint_least32_t uint_least64_t "
    "uint_least8_t uintmax_t uintptr_t ulong useconds_t ushort va_list wctrans_t wctype_t "
    "wint_t ";

/* Functions, variables, and macros with arguments.  Those on float and long double are the names of on_floats
** with another letter behind them. */
static const char functions_to_l[] =
    " a64l abort abs access acct adjtime alarm aligned_alloc alloca arc4random arc4random_buf "
    "arc4random_uniform asctime asctime_r assert at_quick_exit atexit atof atoi atol atoll "
    "bcmp bcopy be16toh be32toh be64toh brk bsearch btowc bzero c16rtomb c32rtomb c8rtomb "
    "call_once calloc canonicalize chdir chmod chown chroot clearenv clearerr "
    "clearerr_unlocked clock clock_getcpuclockid clock_getres clock_gettime clock_nanosleep "
    "clock_settime close closefrom confstr creat crypt ctermid ctime ctime_r dadd daemon "
    "daylight difftime div dprintf drand48 drand48_r drem dremf dreml dup dup2 duplocale "
    "dysize ecvt ecvt_r endusershell environ erand48 erand48_r execl execle execlp execv "
    "execve execvp exit explicit_bzero faccessat fadd fchdir fchmod fchmodat fchown fchownat "
    "fclose fcntl fcvt fcvt_r fdatasync fdopen feclearexcept fegetenv fegetexceptflag "
    "fegetround feholdexcept feof feof_unlocked feraiseexcept ferror ferror_unlocked fesetenv "
    "fesetexceptflag fesetround fetestexcept feupdateenv fexecve fflush fflush_unlocked ffs "
    "ffsl ffsll fgetc fgetc_unlocked fgetpos fgets fgetwc fgetws fileno fileno_unlocked "
    "finite finitef finitel flockfile fmemopen fopen fork fpathconf fpclassify fprintf fputc "
    "fputc_unlocked fputs fputwc fputws fread fread_unlocked free free_aligned_sized "
    "free_sized freelocale freopen fromfp fscanf fseek fseeko fsetpos fstat fstatat fsync "
    "ftell ftello ftruncate ftrylockfile funlockfile futimens futimes fwide fwprintf fwrite "
    "fwrite_unlocked fwscanf gamma gammaf gammal gcvt getc getc_unlocked getchar "
    "getchar_unlocked getcwd getdate_err getdelim getdomainname getdtablesize getegid "
    "getentropy getenv geteuid getgid getgroups gethostid gethostname getitimer getline "
    "getloadavg getlogin getlogin_r getopt getpagesize getpass getpgid getpgrp getpid getppid "
    "getrandom getsid getsubopt gettid gettimeofday getuid getusershell getw getwc getwchar "
    "getwd gmtime gmtime_r gsignal htobe16 htobe32 htobe64 htole16 htole32 htole64 imaxabs "
    "imaxdiv index initstate initstate_r isalnum isalnum_l isalpha isalpha_l isascii "
    "isascii_l isatty isblank isblank_l iscntrl iscntrl_l isdigit isdigit_l iseqsig isfinite "
    "isgraph isgraph_l isgreater isgreaterequal isinf isinff isinfl isless islessequal "
    "islessgreater islower islower_l isnan isnanf isnanl isnormal isprint isprint_l ispunct "
    "ispunct_l issignaling isspace isspace_l issubnormal isunordered isupper isupper_l "
    "iswalnum iswalnum_l iswalpha iswalpha_l iswblank iswblank_l iswcntrl iswcntrl_l iswctype "
    "iswctype_l iswdigit iswdigit_l iswgraph iswgraph_l iswlower iswlower_l iswprint "
    "iswprint_l iswpunct iswpunct_l iswspace iswspace_l iswupper iswupper_l iswxdigit "
    "iswxdigit_l isxdigit isxdigit_l iszero j0 j0f j0l j1 j1f j1l jn jnf jnl jrand48 "
    "jrand48_r kill kill_dependency killpg l64a labs lchmod lchown lcong48 lcong48_r ldiv "
    "le16toh le32toh le64toh lgamma_r lgammaf_r lgammal_r link linkat llabs lldiv localeconv "
    "localtime localtime_r lockf longjmp lrand48 lrand48_r lseek lstat lutimes ";

static const char functions_from_m[] =
    " main malloc mblen mbrlen mbrtoc16 mbrtoc32 mbrtoc8 mbrtowc mbsinit mbsnrtowcs mbsrtowcs "
    "mbstowcs mbtowc memalignment memccpy memchr memcmp memcpy memmove memset memset_explicit "
    "mkdir mkdirat mkdtemp mkfifo mkfifoat mknod mknodat mkstemp mkstemps mktemp mktime "
    "mrand48 mrand48_r nanosleep newlocale nextdown nextup nice nrand48 nrand48_r offsetof "
    "on_exit open open_memstream open_wmemstream openat optarg opterr optind optopt pathconf "
    "pause pclose perror pipe popen posix_fadvise posix_fallocate posix_memalign pread printf "
    "profil program_invocation_name program_invocation_short_name pselect psiginfo psignal "
    "putc putc_unlocked putchar putchar_unlocked putenv puts putw putwc putwchar pwrite qecvt "
    "qecvt_r qfcvt qfcvt_r qgcvt qsort quick_exit raise rand rand_r random random_r read "
    "readlink readlinkat realloc reallocarray realpath remove rename renameat revoke rewind "
    "rindex rmdir roundeven rpmatch sbrk scalb scalbf scalbl scanf sched_get_priority_max "
    "sched_get_priority_min sched_getparam sched_getscheduler sched_rr_get_interval "
    "sched_setparam sched_setscheduler sched_yield seed48 seed48_r select setbuf setbuffer "
    "setdomainname setegid setenv seteuid setgid sethostid sethostname setitimer setjmp "
    "setlinebuf setlocale setlogin setpgid setpgrp setregid setreuid setsid setstate "
    "setstate_r settimeofday setuid setusershell setvbuf sigaction sigaddset sigaltstack "
    "sigblock sigdelset sigemptyset sigfillset siggetmask siginterrupt sigismember siglongjmp "
    "sigmask signal signbit signgam significand significandf significandl sigpending "
    "sigprocmask sigqueue sigreturn sigsetjmp sigsetmask sigstack sigsuspend sigtimedwait "
    "sigwait sigwaitinfo sleep snprintf sprintf srand srand48 srand48_r srandom srandom_r "
    "sscanf ssignal stat stpcpy stpncpy strcasecmp strcasecmp_l strcat strchr strcmp strcoll "
    "strcoll_l strcpy strcspn strdup strdupa strerror strerror_l strerror_r strfromd strfromf "
    "strfroml strftime strftime_l strlcat strlcpy strlen strncasecmp strncasecmp_l strncat "
    "strncmp strncpy strndup strndupa strnlen strpbrk strrchr strsep strsignal strspn strstr "
    "strtod strtof strtoimax strtok strtok_r strtol strtold strtoll strtoq strtoul strtoull "
    "strtoumax strtouq strxfrm strxfrm_l swprintf swscanf symlink symlinkat sync syscall "
    "sysconf system tcgetpgrp tcsetpgrp tempnam time timegm timelocal timer_create "
    "timer_delete timer_getoverrun timer_gettime timer_settime timeradd timerclear timercmp "
    "timerisset timersub timespec_get timespec_getres timezone tmpfile tmpnam tmpnam_r "
    "toascii toascii_l tolower tolower_l toupper toupper_l towctrans towctrans_l towlower "
    "towlower_l towupper towupper_l truncate ttyname ttyname_r ttyslot tzname tzset ualarm "
    "ufromfp umask ungetc ungetwc unlink unlinkat unsetenv uselocale usleep utimensat utimes "
    "va_arg va_copy va_end va_start valloc vdprintf vfork vfprintf vfscanf vfwprintf vfwscanf "
    "vhangup vprintf vscanf vsnprintf vsprintf vsscanf vswprintf vswscanf vwprintf vwscanf "
    "wcpcpy wcpncpy wcrtomb wcscasecmp wcscasecmp_l wcscat wcschr wcscmp wcscoll wcscoll_l "
    "wcscpy wcscspn wcsdup wcsftime wcslen wcsncasecmp wcsncasecmp_l wcsncat wcsncmp wcsncpy "
    "wcsnlen wcsnrtombs wcspbrk wcsrchr wcsrtombs wcsspn wcsstr wcstod wcstof wcstoimax "
    "wcstok wcstol wcstold wcstoll wcstombs wcstoul wcstoull wcstoumax wcsxfrm wcsxfrm_l "
    "wctob wctomb wctrans wctrans_l wctype wctype_l wmemchr wmemcmp wmemcpy wmemmove wmemset "
    "wprintf write wscanf y0 y0f y0l y1 y1f y1l yn ynf ynl ";

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

static bool is_in(const char *words, const char *name)
{
    return rt_is_among(words, name, strlen(name));
}

static bool begins(const char *name, const char *with)
{
    return !strncmp(name, with, strlen(with));
}

/* INT64_MAX, UINT_LEAST8_C, PRId64, SCNxPTR and their like. */
static bool is_number_macro(const char *name)
{
    static const char *const ends[] = { "_MAX", "_MIN", "_WIDTH", "_C" };
    const char *end = strrchr(name, '_');
    const bool integer = begins(name, "INT") || begins(name, "UINT");
    for (size_t i = 0; end && integer && i < sizeof ends / sizeof *ends; i++)
        if (!strcmp(end, ends[i]))
            return true;
    return (begins(name, "PRI") || begins(name, "SCN")) && name[3] && strchr("bBdiouxX", name[3]) &&
           (isdigit((unsigned char)name[4]) || isupper((unsigned char)name[4]));
}

/* Names of threads and atomic operations are too many to list; C, POSIX and OpenMP keep the beginnings. */
static bool is_of_threads(const char *name)
{
    static const char *const with[] = { "pthread_", "thrd_", "mtx_",    "cnd_",         "tss_",
                                        "call_",    "omp_",  "atomic_", "memory_order_" };
    for (size_t i = 0; i < sizeof with / sizeof *with; i++)
        if (begins(name, with[i]))
            return true;
    return false;
}

bool rt_is_cpp_keyword(const char *name)
{
    return is_in(cpp_keywords, name);
}

bool rt_is_c_macro(const char *name)
{
    return is_in(object_macros, name) || is_number_macro(name) || begins(name, "M_");
}

bool rt_is_c_type(const char *name)
{
    return is_in(types, name);
}

bool rt_is_c_function(const char *name)
{
    const size_t length = strlen(name);
    const bool other_type = length > 1 && strchr("fl", name[length - 1]);
    return is_in(functions_to_l, name) || is_in(functions_from_m, name) || is_in(on_floats, name) ||
           is_of_threads(name) || (other_type && rt_is_among(on_floats, name, length - 1));
}
