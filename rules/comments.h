// Texts of a project's files without their comments.
#pragma once

#include <string>
#include <string_view>

namespace dcache::rules {

// XML, without `<!-- -->`.
std::string without_xml_comments(std::string text);

// A build file of Gradle or sbt, or a list in TOML or HCL, without `//`, `/* */` and `#` that are not in
// quotes.
std::string without_code_comments(std::string_view text);

}  // namespace dcache::rules
