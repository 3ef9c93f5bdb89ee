#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#ifdef __SANITIZE_THREAD__
/// Debian's libcpp-httplib is not instrumented. Its function-local statics are made by whoever comes first,
/// which is safe (__cxa_guard_acquire), but the sanitizer does not see the others look at the guard, only
/// that their memcmp reads what the first one's memcpy wrote. The accesses that this library makes through
/// such functions are not watched; ours, to the same objects, still are.
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "called_from_lib:libcpp-httplib.so\n"; }
#endif
