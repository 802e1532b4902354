// What a command of a shell script may change of the shell that runs it, and whether it ends well.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/shell/script.h"

namespace dcache::project {

// Names of variables that a command sets or removes, whether or not the value is written: by assignments,
// `export`, `unset`, `read`, `let`, `printf -v`, `${V:=x}`, `$((V++))` and the like. Views into the command.
std::vector<std::string_view> names_set_by(const shell::Command& command);

// Names that an arithmetic text sets: "i" of "i++", "i += 2" and "i = 1".
std::vector<std::string_view> names_set_in_arithmetic(std::string_view text);

// Whether it may set variables that the script does not name: those of another file, of a text that only the
// run makes, or of a trap that runs between commands.
bool sets_any_variable(const shell::Command& command);

// `declare -n NAME=OTHER`: to set NAME sets OTHER.
bool makes_reference(const shell::Command& command);

// Whether an option of a command has the letter: `declare -gx`. The first of the words is the program.
bool has_flag(std::span<const shell::Word> words, char flag);

bool changes_folder(const shell::Command& command);

// Whether `command && more` is written for the sake of order, and not as a condition: `cd x && docker build
// .`
bool is_expected_to_succeed(const shell::Command& command);

}  // namespace dcache::project
