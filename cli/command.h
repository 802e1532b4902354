// A command of the program as data: the parser, `--help`, the manual pages and the completions of shells are
// all made of it. Only arguments.cc knows the library that splits the command line.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace dcache::cli {

// Exit status of the program.
enum Status : int { kOk = 0, kFindings = 1, kError = 2 };

// Takes a value of an option, and says what is wrong with it; an empty string for nothing.
using Take = std::function<std::string(const std::string& value)>;

// An option, or an argument without dashes.
struct Option {
  enum class Kind : uint8_t { kFlag, kOption, kArgument };

  Kind kind = Kind::kFlag;
  std::vector<std::string> names;  // "-f" and "--file"; of an argument how it is called in help
  std::string value;               // what help writes for the value: FILE; empty for the choices
  std::string help;
  std::string group = "Options";
  std::vector<std::string> choices;  // the values there are; empty for any
  bool open_choices = false;         // `take` refuses other values
  char separator = 0;                // between several values in one word, as in --ignore A,B
  bool repeats = false;              // may be given again
  bool takes_rest = false;           // all words that follow are values, up to the next option
  bool required = false;
  bool names_files = false;  // so that no value is empty
  // What the values are names of, for completion: codes of rules, images of the repository, or stages.
  enum class Names : uint8_t { kNone, kRules, kImages, kStages };
  Names names_of = Names::kNone;
  std::string if_none = {};  // what to write if a list may be empty, for the error that it is missing
  Take take;

  bool is_argument() const { return kind == Kind::kArgument; }
  bool takes_value() const { return kind != Kind::kFlag; }
};

class Command {
 public:
  Command(std::string command_name, std::string one_line)
      : name(std::move(command_name)), summary(std::move(one_line)) {}

  std::string name;
  std::string summary;      // one line
  std::string notes;        // paragraphs below the options
  std::string examples;     // lines
  std::string exit_status;  // a paragraph; empty for the usual
  bool hidden = false;      // for the build of dcache, not for users
  std::function<int()> run;

  // Each adds an option whose value goes to `target`, which the caller keeps alive. `names` are separated by
  // commas: "-f,--file". The reference stays valid.
  Option& flag(std::string_view names, bool& target, std::string help);
  // A value that is not empty from the start is named in help as the default.
  Option& text(std::string_view names, std::string value, std::string& target, std::string help);
  Option& number(std::string_view names, std::string value, uint32_t& target, std::string help);
  // It may be given several times.
  Option& texts(std::string_view names, std::string value, std::vector<std::string>& target,
                std::string help);
  // One of the choices, which `take` knows.
  Option& choice(std::string_view names, std::string value, std::vector<std::string> choices, Take take,
                 std::string help);
  // Words without dashes.
  Option& arguments(std::string_view called, std::vector<std::string>& target, std::string help);

  // A flag for help alone, without `take`: read_arguments() knows it.
  Option& describe(std::string_view names, std::string help);

  const std::deque<Option>& options() const { return options_; }

 private:
  Option& add(std::string_view names, std::string value, Take take, std::string help);

  std::deque<Option> options_;
};

}  // namespace dcache::cli
