#include "rules/comments.h"

#include <re2/re2.h>

namespace dcache::rules {

std::string without_xml_comments(std::string text) {
  static const RE2 kComment(R"((?s)<!--.*?-->)");
  RE2::GlobalReplace(&text, kComment, "");
  return text;
}

std::string without_code_comments(std::string_view text) {
  std::string kept;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    const bool to_line_end = rest.starts_with("//") || rest.starts_with('#');
    if (quote == 0 && (to_line_end || rest.starts_with("/*"))) {
      const std::string_view end = to_line_end ? "\n" : "*/";
      const size_t at = text.find(end, i + 1);
      if (at == std::string_view::npos) break;
      i = to_line_end ? at - 1 : at + 1;
      continue;
    }
    kept += text[i];
    if (quote != 0 && text[i] == '\\' && i + 1 < text.size()) {
      kept += text[++i];
    } else if (text[i] == quote || (quote != 0 && text[i] == '\n')) {
      quote = 0;
    } else if (quote == 0 && (text[i] == '"' || text[i] == '\'')) {
      quote = text[i];
    }
  }
  return kept;
}

}  // namespace dcache::rules
