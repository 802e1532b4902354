// fmt, compiled once. Debian has no archive of it, a shared library would have to be loaded at each start,
// and with FMT_HEADER_ONLY every file that formats a message compiles all of it.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {

template FMT_API dragonbox::decimal_fp<float> dragonbox::to_decimal(float x) noexcept;
template FMT_API dragonbox::decimal_fp<double> dragonbox::to_decimal(double x) noexcept;
template FMT_API locale_ref::locale_ref(const std::locale& locale);
template FMT_API std::locale locale_ref::get<std::locale>() const;
template FMT_API thousands_sep_result<char> thousands_sep_impl(locale_ref);
template FMT_API char decimal_point_impl(locale_ref);
template FMT_API void buffer<char>::append(const char* begin, const char* end);
#if FMT_VERSION >= 100000
template FMT_API void vformat_to(buffer<char>& out, string_view format, vformat_args<char>::type arguments,
                                 locale_ref locale);
#endif

}  // namespace detail
FMT_END_NAMESPACE
