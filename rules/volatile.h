// Variables that each build is given another value for, and the steps that it is a pity to run again.
#pragma once

#include <string_view>

#include "dcache/lint/dockerfile.h"

namespace dcache::rules {

// The time that reproducible builds use, usually that of the commit. BuildKit gives it to the times of the
// image whether or not an ARG declares it; many programs read it from the environment. Source:
// https://docs.docker.com/build/ci/github-actions/reproducible-builds/
inline constexpr std::string_view kSourceDateEpoch = "SOURCE_DATE_EPOCH";

// Whether a name tells of something that changes each time: a commit, a date, a build number.
bool is_volatile_name(std::string_view name);

// Whether the name is in the instruction's text or in its heredocs, as a word of its own.
bool mentions(const dockerfile::Instruction& instruction, std::string_view name);

// Whether it is a RUN that installs packages or compiles.
bool is_costly(lint::Dockerfile& dockerfile, const dockerfile::Instruction& instruction);

}  // namespace dcache::rules
