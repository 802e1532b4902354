// Text of a file in the Markdown that editors show.
#pragma once

#include <string>
#include <string_view>

namespace dcache::lsp {

// A text as code on one line, with whatever it contains shown as it is. A long one is cut.
std::string code(std::string_view text);

}  // namespace dcache::lsp
