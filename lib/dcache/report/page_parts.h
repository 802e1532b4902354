// The files of report/html/, as they are compiled in. Internal to report/.
#pragma once

#include <string_view>

namespace dcache::report {

extern const std::string_view kPageMarkup, kPageStyle, kPageScript;

}  // namespace dcache::report
