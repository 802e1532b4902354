#include "dcache/lsp/signature.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "dcache/editor/help.h"
#include "dcache/lsp/current_instruction.h"
#include "dcache/lsp/word_help.h"

namespace dcache::lsp {
namespace {

using editor::Help;
using nlohmann::json;

constexpr std::string_view kMore = "…";

// The words of a form after its first.
std::vector<std::string_view> words_after_first(std::string_view form) {
  std::vector<std::string_view> words;
  for (size_t at = form.find(' '); at != std::string_view::npos;) {
    const size_t end = form.find(' ', at + 1);
    words.push_back(form.substr(at + 1, end == std::string_view::npos ? end : end - at - 1));
    at = end;
  }
  return words;
}

// A word of a form without the brackets and commas around it.
std::string_view bare(std::string_view word) {
  while (!word.empty() && (word.front() == '[' || word.front() == '{'))
    word.remove_prefix(1);
  while (!word.empty() && (word.back() == ']' || word.back() == ',' || word.back() == '}'))
    word.remove_suffix(1);
  return word;
}

json parameter(std::string_view label, const Help& help) {
  json result = {{"label", label}};
  const auto word = std::ranges::find_if(
      help.words, [&](const Help::Word& one) { return one.word == label || one.word == bare(label); });
  if (word != help.words.end())
    result["documentation"] = std::string(word->word) + ": " + std::string(word->meaning);
  return result;
}

// Which of the words an argument is: more of the same come where the form has an ellipsis.
size_t active_word(const std::vector<std::string_view>& words, size_t argument) {
  const auto more = std::ranges::find_if(words, [](std::string_view one) { return bare(one) == kMore; });
  if (more == words.end()) return argument;
  const auto at = static_cast<size_t>(more - words.begin());
  if (argument < at) return argument;
  return words.size() - 1;
}

json signatures_of_instruction(const Help& help, const CurrentInstruction& written) {
  const auto is_flag = [](std::string_view one) { return one.starts_with("--"); };
  const size_t flags =
      static_cast<size_t>(std::ranges::count_if(written.words, is_flag)) + (is_flag(written.word) ? 1U : 0U);
  const size_t argument = written.words.size() - 1 - std::min(flags, written.words.size() - 1);
  const bool array =
      (written.words.size() > flags + 1 ? written.words[flags + 1] : written.word).starts_with('[');
  json signatures = json::array();
  size_t active = 0;
  for (const std::string_view form : help.forms) {
    const std::vector<std::string_view> words = words_after_first(form);
    const bool options = !words.empty() && words.front().starts_with("[") && words.front().ends_with("]");
    const bool of_array = form.find("[\"") != std::string_view::npos;
    if (array && of_array && !help.forms.front().empty()) active = signatures.size();
    json parameters = json::array();
    for (const std::string_view word : words)
      parameters.push_back(parameter(word, help));
    const std::vector<std::string_view> own(words.begin() + (options ? 1 : 0), words.end());
    const size_t number =
        is_flag(written.word) && options ? 0 : active_word(own, argument) + (options ? 1U : 0U);
    signatures.push_back({{"label", form},
                          {"documentation", {{"kind", "markdown"}, {"value", help.text}}},
                          {"parameters", std::move(parameters)},
                          {"activeParameter", number}});
  }
  const json number = signatures.at(active).at("activeParameter");
  return {{"signatures", std::move(signatures)}, {"activeSignature", active}, {"activeParameter", number}};
}

json signatures_of_flag(const Help& help) {
  json signatures = json::array();
  for (const std::string_view form : help.forms) {
    const size_t equals = form.find('=');
    json parameters = json::array();
    if (equals != std::string_view::npos) parameters.push_back(parameter(form.substr(equals + 1), help));
    signatures.push_back({{"label", form},
                          {"documentation", {{"kind", "markdown"}, {"value", help.text}}},
                          {"parameters", std::move(parameters)}});
  }
  return {{"signatures", std::move(signatures)}, {"activeSignature", 0}, {"activeParameter", 0}};
}

// The text about the type of a mount that is being written, if it has one already.
const Help* help_of_mount(std::string_view value) {
  const size_t type = value.find("type=");
  if (type == std::string_view::npos) return nullptr;
  const size_t end = value.find(',', type);
  return end == std::string_view::npos ? nullptr : mount_help(value.substr(type, end - type), false);
}

}  // namespace

json signature_help(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset) {
  const CurrentInstruction written = current_instruction(parsed.file, offset);
  if (written.in_comment || written.words.empty()) return {};
  const size_t equals = written.word.find('=');
  if (written.only_flags() && written.word.starts_with("--") && equals != std::string_view::npos) {
    const Help* flag = flag_help(written.keyword(), written.word.substr(2, equals - 2));
    if (written.word.starts_with("--mount=")) {
      if (const Help* mount = help_of_mount(written.word.substr(equals + 1))) flag = mount;
    }
    if (flag != nullptr && !flag->forms.empty()) return signatures_of_flag(*flag);
  }
  const Help* help = editor::find_help(name_of(written.keyword()));
  if (help == nullptr || help->forms.empty()) return {};
  return signatures_of_instruction(*help, written);
}

}  // namespace dcache::lsp
