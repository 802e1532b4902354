// Which of ShellCheck's findings are worth acting on in a Dockerfile: it knows neither the image, whose shell
// has more than POSIX asks for, nor that the text runs once, for a build.
#pragma once

#include <vector>

#include "dcache/lint/diagnostic.h"
#include "dcache/lint/dockerfile.h"

namespace dcache::lint {

// Takes findings of ShellCheck, and gives those that the default profile reports.
std::vector<Diagnostic> worth_acting_on(Dockerfile& dockerfile, std::vector<Diagnostic> found);

}  // namespace dcache::lint
