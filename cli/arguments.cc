#include "cli/arguments.h"

#include <algorithm>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/commands.h"
#include "dcache/text/path.h"
#include "dcache/text/suggest.h"

namespace dcache::cli {
namespace {

// A value that an option refuses.
struct InvalidValue {
  std::string message;
};

std::string listed(const std::vector<std::string>& choices) {
  return fmt::format("expected {}{}{}", fmt::join(choices.begin(), choices.end() - 1, ", "),
                     choices.size() > 1 ? " or " : "", choices.back());
}

std::string refusal_of(const Option& option, const std::string& value, const std::string& reason) {
  const std::string where = option.is_argument() ? value : fmt::format("{} {}", option.names.back(), value);
  if (!reason.empty()) return fmt::format("{}: {}", where, reason);
  constexpr size_t kFew = 4;
  const std::vector<std::string_view> known(option.choices.begin(), option.choices.end());
  return fmt::format("{}: {}", where,
                     known.size() <= kFew ? listed(option.choices)
                                          : text::did_you_mean(value, known, listed(option.choices)));
}

void take(const Option& option, const std::vector<std::string>& values) {
  for (std::string value : values) {
    // Most arguments are files, and the others have no backslashes.
    if (option.names_files || option.is_argument()) value = text::portable_path(std::move(value));
    const bool closed = !option.choices.empty() && !option.open_choices;
    if (closed && std::ranges::find(option.choices, value) == option.choices.end())
      throw InvalidValue{refusal_of(option, value, "")};
    if (value.empty() && option.names_files)
      throw InvalidValue{refusal_of(option, value, "the name is empty")};
    const std::string reason = option.take(value);
    if (!reason.empty()) throw InvalidValue{refusal_of(option, value, reason)};
  }
}

void define(CLI::App& app, const Option& option) {
  const std::string names = fmt::format("{}", fmt::join(option.names, ","));
  if (!option.takes_value()) {
    app.add_flag_callback(names, [&option] { take(option, {""}); })->disable_flag_override();
    return;
  }
  const CLI::callback_t callback = [&option](const CLI::results_t& values) {
    take(option, values);
    return true;
  };
  CLI::Option* const added = app.add_option(names, callback);
  if (option.repeats)
    added->expected(1, CLI::detail::expected_max_vector_size)->allow_extra_args(option.takes_rest);
  if (option.separator != 0) added->delimiter(option.separator);
  added->required(option.required);
}

// The options that a word can name: those of the command and of the program.
std::vector<const Option*> all_options(const Command& command) {
  std::vector<const Option*> options;
  for (const Command* owner : {&command, &program()}) {
    for (const Option& option : owner->options())
      options.push_back(&option);
  }
  return options;
}

const Option* find_option(const Command& command, std::string_view name) {
  for (const Option* option : all_options(command)) {
    if (std::ranges::find(option->names, name) != option->names.end()) return option;
  }
  return nullptr;
}

// Whether a word names an option or looks like one, and so is not the value of the one before it. A
// file of such a name is ./--name.
bool is_like_option(const Command& command, std::string_view word) {
  if (word.starts_with("--")) return true;
  return word.size() > 1 && word.front() == '-' && find_option(command, word.substr(0, 2)) != nullptr;
}

std::string missing_value(const Option& option, std::string_view name) {
  const std::string value =
      option.value.empty() ? fmt::format("{}", fmt::join(option.choices, "|")) : option.value;
  return fmt::format("{0} needs a value: {0} {1}{2}", name, value,
                     option.if_none.empty() ? "" : "; " + option.if_none);
}

// What is wrong if an option has no value: CLI11 takes the next option for it.
std::string find_missing_value(const Command& command, const std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const Option* const option = words[i].starts_with('-') ? find_option(command, words[i]) : nullptr;
    if (option == nullptr || !option->takes_value()) continue;
    if (++i == words.size() || is_like_option(command, words[i])) return missing_value(*option, words[i - 1]);
  }
  return "";
}

// The first word that the command has no use for.
std::string unexpected(const Command& command, const std::string& word) {
  const std::string_view name = std::string_view(word).substr(0, word.find('='));
  if (!name.starts_with('-')) {
    return fmt::format("dcache {} takes no argument '{}'; see dcache {} --help", command.name, word,
                       command.name);
  }
  std::vector<std::string_view> known;
  for (const Option* option : all_options(command)) {
    if (!option->is_argument()) known.push_back(option->names.back());
  }
  const std::string otherwise = fmt::format("see dcache {} --help", command.name);
  return fmt::format("unknown option '{}'; {}", name,
                     name.starts_with("--") ? text::did_you_mean(name, known, otherwise) : otherwise);
}

std::string words_of(const CLI::Error& error, const Command& command) {
  const std::string_view what = error.what();
  const auto is = [&](CLI::ExitCodes code) { return error.get_exit_code() == static_cast<int>(code); };
  // "The following arguments were not expected: b a"
  if (is(CLI::ExitCodes::ExtrasError))
    return unexpected(command, std::string(what.substr(what.rfind(' ') + 1)));
  if (is(CLI::ExitCodes::RequiredError)) {
    for (const Option& option : command.options()) {
      if (!option.required) continue;
      const std::string choices = option.choices.empty() ? "" : ": " + listed(option.choices);
      return fmt::format("dcache {} needs {}{}; see dcache {} --help", command.name, option.names.front(),
                         choices, command.name);
    }
  }
  // "--file: 1 required FILE missing", or too many of it.
  std::string name(what.substr(0, what.find_first_of(": ")));
  if (!name.starts_with('-')) name.insert(0, "--");
  const Option* option = find_option(command, name);
  if (is(CLI::ExitCodes::ArgumentMismatch) && option != nullptr) {
    if (!option->takes_value()) return fmt::format("{} takes no value", name);
    if (what.find("missing") != std::string_view::npos) return missing_value(*option, name);
    return fmt::format("{} is given more than once", name);
  }
  return fmt::format("{}; see dcache {} --help", what, command.name);
}

}  // namespace

Arguments read_arguments(const Command& command, const std::vector<std::string>& words) {
  CLI::App app;
  app.set_help_flag("-h,--help");
  app.set_version_flag("--version", "");
  CLI::App* const sub = app.add_subcommand(command.name);
  sub->set_help_flag("-h,--help");
  app.fallthrough();
  sub->fallthrough();
  for (const Option& option : program().options()) {
    if (option.take) define(app, option);
  }
  for (const Option& option : command.options())
    define(*sub, option);
  if (std::string missing = find_missing_value(command, words); !missing.empty())
    return {Arguments::Ask::kError, std::move(missing)};
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const InvalidValue& refused) {
    return {Arguments::Ask::kError, refused.message};
  } catch (const CLI::CallForHelp&) {
    return {Arguments::Ask::kHelp, ""};
  } catch (const CLI::CallForVersion&) {
    return {Arguments::Ask::kVersion, ""};
  } catch (const CLI::Error& error) {
    return {Arguments::Ask::kError, words_of(error, command)};
  }
  return {};
}

}  // namespace dcache::cli
