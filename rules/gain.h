// What a change of the Dockerfile is worth, in the terms of the cache model.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dcache/lint/impact.h"
#include "dcache/lint/rule.h"

namespace dcache::rules {

// What the model says of an edit of `edited` with and without the fix. Nothing where the context is not
// known, is too large to look at in passing, or where a builder would refuse one of the two.
std::optional<lint::Impact> gain_of(lint::Dockerfile& dockerfile, const lint::Fix& fix,
                                    std::string_view edited);

// The same of a new value for a build argument.
std::optional<lint::Impact> gain_for_argument(lint::Dockerfile& dockerfile, const lint::Fix& fix,
                                              std::string_view name);

// How many steps an edit rebuilds as the file is, and that none would be if the file were ignored.
std::optional<lint::Impact> gain_of_ignoring(lint::Dockerfile& dockerfile, std::string_view edited);

// A file of the context that a step or one below it takes, so that an edit of it rebuilds the step: one that
// people edit, or else one that is called like one of `names`. Empty for none.
std::string rebuilding_file(lint::Dockerfile& dockerfile, const plan::Step& step,
                            std::span<const std::string_view> names);

// A file below `folder` ("/" for the whole context) that looks like one people edit, and is none of `except`;
// empty for none.
std::string edited_file(const lint::BuildContext& context, std::string_view folder,
                        std::span<const std::string_view> except);

}  // namespace dcache::rules
