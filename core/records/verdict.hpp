#pragma once

#include "core/breaker/verdict_record.hpp"

namespace cdctl::records {

// The breaker is a library that knows the SDK alone, so what it says is described there.
using Verdict = breaker::VerdictRecord;
using Explain = breaker::ExplainRecord;

}  // namespace cdctl::records
