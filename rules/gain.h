// What a change of the Dockerfile is worth, in the terms of the cache model.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dcache/lint/impact.h"
#include "dcache/lint/rule.h"

namespace dcache::rules {

// How long the steps that rebuild took in the last build, as far as that is known.
struct StepTimes {
  double seconds = 0;
  size_t known = 0;
  bool is_complete = true;  // all steps are known that surely rebuild, but for base images

  // "about 2 min 10 s", or "at least …"; empty if none is known.
  std::string words() const;
};

struct Gain {
  std::string cause;  // "an edit of src/main.go"
  size_t before = 0;  // steps that it rebuilds, and of how many
  size_t steps_before = 0;
  size_t after = 0;  // the same with the fix
  size_t steps_after = 0;
  StepTimes times_before = {};
  StepTimes times_after = {};

  // "an edit of src/main.go rebuilds 6 of 8 steps now (about 2 min 10 s by the last build), and 2 of 9 with
  // this change (about 31 s)"
  std::string words() const;
  // The same for a diagnostic.
  lint::Impact impact() const;
};

// What the model says of an edit of `edited` with and without the fix. Nothing where the context is not
// known, is too large to look at in passing, or where a builder would refuse one of the two.
std::optional<Gain> gain_of(lint::Subject& subject, const lint::Fix& fix, std::string_view edited);

// The same of a new value for a build argument.
std::optional<Gain> gain_for_argument(lint::Subject& subject, const lint::Fix& fix, std::string_view name);

// How many steps an edit rebuilds as the file is, and that none would be if the file were ignored.
std::optional<Gain> gain_of_ignoring(lint::Subject& subject, std::string_view edited);

// A file of the context that a step or one below it takes, so that an edit of it rebuilds the step: one that
// people edit, or else one that is called like one of `names`. Empty for none.
std::string rebuilding_file(lint::Subject& subject, const plan::Step& step,
                            std::span<const std::string_view> names);

// A file below `folder` ("/" for the whole context) that looks like one people edit, and is none of `except`;
// empty for none.
std::string edited_file(const lint::Surroundings& around, std::string_view folder,
                        std::span<const std::string_view> except);

}  // namespace dcache::rules
