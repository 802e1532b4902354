// What a Dockerfile says of the values of variables.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "dcache/lint/dockerfile.h"
#include "rules/stages.h"

namespace dcache::rules {

// The plan of a stage; null for what is above the first FROM, and where the FROM can't be planned.
const plan::Stage* planned_stage(lint::Dockerfile& dockerfile, const WrittenStage& stage);

// The names that ARG and ENV set, wherever they are in the file.
std::set<std::string_view> names_set_in(lint::Dockerfile& dockerfile);

// The text with the variables replaced that have a value in the environment, and without its quotes; the
// others stay as they are written.
std::string with_known_values(std::string_view text, const plan::Environment* environment,
                              char escape = '\\');

// The name of the variable that the text begins with: "A" for `$A` and `${A:-b}/c`. Empty if it begins with
// something else.
std::string_view leading_variable(std::string_view text);

// How often a text contains a name as a whole word: letters, digits and underscores next to it make another
// word.
size_t times_named(std::string_view text, std::string_view name);

}  // namespace dcache::rules
