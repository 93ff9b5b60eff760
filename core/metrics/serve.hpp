#pragma once

#include <string>

#include "core/app/context.hpp"

namespace cdctl::metrics {

struct ServeOptions {
  std::string address, token_file;
  bool per_set = false;
  Millis timeout{8'000};  ///< of each look
};

/// Answers whoever asks for /metrics, until a stop is requested, each time with a look of that
/// moment: those that ask at once share one. A process of its own looks, with the configuration of
/// that moment, so that whatever becomes of a look is an answer, too. Exit code `usage` for an
/// address that needs a token and has none.
[[nodiscard]] Result<> serve(app::Context& context, const ServeOptions& options);

}  // namespace cdctl::metrics
