// The text of help.md.
#pragma once

#include <string_view>

namespace dcache::editor {

extern const std::string_view kHelpText;

}  // namespace dcache::editor
