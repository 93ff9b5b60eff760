#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include <curl/curl.h>
#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/http.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

// The one place that knows libcurl: a module of its own, opened at the first request.

namespace cdctl {

namespace {

bool is_loopback(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "::1" ||
         host.starts_with("127.");
}

bool has_line_break(std::string_view text) {
  return text.find_first_of("\r\n", 0) != std::string_view::npos || text.contains('\0');
}

/// What an error may show of a request: no credentials, and no query, which often holds a token.
std::string shown(const HttpRequest& request) {
  const auto url = parse_url(request.url);
  auto text = url ? url->without_credentials() : std::string("an unusable address");
  text.resize(std::min(text.find_first_of("?#"), text.size()));
  return printable(request.method, 20) + " " + printable(text);
}

struct EasyDelete {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, EasyDelete>;

struct HeaderDelete {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, HeaderDelete>;

/// What the bodies of all answers of one call may hold in memory, and what one answer may have
/// before its body.
constexpr std::size_t k_most_held = 64u << 20, k_longest_head = 256u << 10;
constexpr std::size_t k_piece = 1u << 20;

/// One request under way. Stays at its address until the answer is there: libcurl keeps pointers
/// into it.
struct Transfer {
  const HttpRequest* request = nullptr;
  std::size_t* held = nullptr;  ///< by all answers of this call
  std::size_t got = 0;          ///< bytes of this one's body
  std::size_t head = 0;         ///< and before it
  Easy easy;
  HeaderList headers;
  HttpResponse response;
  std::array<char, CURL_ERROR_SIZE> reason{};
  std::string trouble;  ///< why we ended it
  bool done = false;
  Result<HttpResponse> result = fail(ExitCode::unknown, "not sent");

  /// A text that grows would take three times its size each time it moves.
  std::vector<std::string> pieces;
  void keep(std::string_view bytes) {
    if (pieces.empty() || pieces.back().size() + bytes.size() > k_piece) {
      pieces.emplace_back();
      if (pieces.size() > 1) pieces.back().reserve(k_piece);
    }
    pieces.back().append(bytes);
  }
  void put_together() {
    if (pieces.size() == 1) response.body = std::move(pieces.front());
    if (pieces.size() > 1) response.body.reserve(got);
    for (auto& piece : pieces) response.body += std::exchange(piece, {});
    pieces.clear();
  }
  [[nodiscard]] bool is_ok() const {
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    return status == 200;
  }
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  const auto& request = *transfer.request;
  const auto bytes = size * count;
  try {
    if (bytes > request.max_bytes - transfer.got) {
      transfer.trouble = fmt::format("the answer is longer than {} bytes", request.max_bytes);
      return 0;
    }
    transfer.got += bytes;
    if (request.into >= 0 && transfer.is_ok()) {
      if (write_all(request.into, {data, bytes})) return bytes;
      transfer.trouble = "writing the answer: " + errno_text(errno);
      return 0;
    }
    if (bytes > k_most_held - *transfer.held) {
      transfer.trouble = fmt::format("the answers are longer than {} bytes together", k_most_held);
      return 0;
    }
    *transfer.held += bytes;
    transfer.keep({data, bytes});
  } catch (const std::bad_alloc&) {
    return 0;
  }
  return bytes;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* user) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  auto& headers = transfer.response.headers;
  const std::string_view line(data, size * count);
  try {
    transfer.head += line.size();
    if (transfer.head > k_longest_head) {
      transfer.trouble = fmt::format("the headers are longer than {} bytes", k_longest_head);
      return 0;
    }
    if (line.starts_with("HTTP/")) headers.clear();  // of an interim answer
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || headers.size() >= 200) return line.size();
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    headers.insert_or_assign(std::move(name), std::string(trimmed(line.substr(colon + 1))));
  } catch (const std::bad_alloc&) {
    return 0;
  }
  return line.size();
}

class CurlHttp final : public Http {
 public:
  CurlHttp() : multi_(curl_multi_init()) {}
  CurlHttp(const CurlHttp&) = delete;
  CurlHttp& operator=(const CurlHttp&) = delete;
  ~CurlHttp() override {
    idle_.clear();
    if (multi_) curl_multi_cleanup(multi_);
  }

  Result<HttpResponse> send(const HttpRequest& request) override {
    return std::move(send_all(std::span(&request, 1), 1).front());
  }

  std::vector<Result<HttpResponse>> send_all(std::span<const HttpRequest> requests,
                                             std::size_t parallel) override {
    std::vector<Transfer> transfers(requests.size());
    std::size_t held = 0;
    if (multi_)
      curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                        static_cast<long>(std::max<std::size_t>(parallel, 1)));
    for (std::size_t i = 0; i < requests.size(); ++i) {
      transfers[i].request = &requests[i];
      transfers[i].held = &held;
      if (auto begun = begin(transfers[i]); !begun)
        finish(transfers[i], std::unexpected(std::move(begun.error())));
    }
    drive(transfers);
    std::vector<Result<HttpResponse>> results;
    results.reserve(transfers.size());
    for (auto& transfer : transfers) results.push_back(std::move(transfer.result));
    return results;
  }

 private:
  Result<> begin(Transfer& transfer);
  static Result<> set_headers(Transfer& transfer);
  static void set_options(Transfer& transfer, const Url& url);
  void drive(std::vector<Transfer>& transfers);
  void collect(std::vector<Transfer>& transfers);
  void give_up(std::vector<Transfer>& transfers);
  void finish(Transfer& transfer, Result<HttpResponse> result);
  static Result<HttpResponse> outcome(Transfer& transfer, CURLcode code);

  CURLM* multi_;
  std::vector<Easy>
      idle_;  // handles to use again: making one costs more than a request over loopback
};

Result<> CurlHttp::begin(Transfer& transfer) {
  const auto& request = *transfer.request;
  const auto url = parse_url(request.url);
  if (!url)
    return fail(ExitCode::config,
                fmt::format("{}: {}", printable(request.method, 20), url.error().what));
  if (url->scheme != "http" && url->scheme != "https") {
    return fail(ExitCode::config,
                fmt::format("{}: only http and https are spoken", shown(request)));
  }
  if (!url->user.empty() || !url->password.empty()) {
    return fail(ExitCode::config,
                fmt::format("{}: credentials do not belong into an address", shown(request)));
  }
  if (Stop::requested())
    return fail(ExitCode::interrupted, fmt::format("{}: interrupted", shown(request)));
  if (request.deadline.passed())
    return fail(ExitCode::timeout, fmt::format("{}: no time left", shown(request)));
  if (!idle_.empty()) {
    transfer.easy = std::move(idle_.back());
    idle_.pop_back();
  } else {
    transfer.easy.reset(curl_easy_init());
  }
  if (!multi_ || !transfer.easy)
    return fail(ExitCode::unknown, fmt::format("{}: libcurl gave no handle", shown(request)));
  set_options(transfer, *url);
  CDCTL_TRY(set_headers(transfer));
  if (const auto code = curl_multi_add_handle(multi_, transfer.easy.get()); code != CURLM_OK) {
    return fail(ExitCode::unknown,
                fmt::format("{}: {}", shown(request), curl_multi_strerror(code)));
  }
  return {};
}

Result<> CurlHttp::set_headers(Transfer& transfer) {
  curl_slist* list = curl_slist_append(nullptr, "Expect:");  // no waiting for 100-continue
  for (const auto& [name, value] : transfer.request->headers) {
    if (has_line_break(name) || has_line_break(value)) {
      curl_slist_free_all(list);
      return fail(ExitCode::config,
                  fmt::format("{}: a header holds a line break", shown(*transfer.request)));
    }
    if (auto* longer = curl_slist_append(list, (name + ": " + value).c_str())) list = longer;
  }
  transfer.headers.reset(list);
  curl_easy_setopt(transfer.easy.get(), CURLOPT_HTTPHEADER, list);
  return {};
}

void CurlHttp::set_options(Transfer& transfer, const Url& url) {
  const auto& request = *transfer.request;
  CURL* easy = transfer.easy.get();
  const auto left = static_cast<long>(std::max<std::int64_t>(request.deadline.left().count(), 1));
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.reason.data());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request.max_bytes));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, left);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, left);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  if (is_loopback(url.host)) curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  if (!request.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, request.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);  // that file alone decides
  }
  if (!request.user.empty()) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(easy, CURLOPT_USERNAME, request.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, request.password.c_str());
  }
  const bool may_have_body =
      request.method != "GET" && request.method != "HEAD" && request.method != "DELETE";
  if (!request.body.empty() || may_have_body) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
  }
  if (request.method == "HEAD")
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  else if (request.method != "GET" || !request.body.empty())
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void CurlHttp::drive(std::vector<Transfer>& transfers) {
  for (;;) {
    int running = 0;
    if (curl_multi_perform(multi_, &running) != CURLM_OK) break;
    collect(transfers);
    if (running == 0 || Stop::requested()) break;
    // Each transfer's own deadline is a libcurl timer, which curl_multi_poll wakes up for.
    struct curl_waitfd stop = {Stop::fd(), CURL_WAIT_POLLIN, 0};
    if (curl_multi_poll(multi_, &stop, stop.fd >= 0 ? 1 : 0, 1000, nullptr) != CURLM_OK) break;
  }
  give_up(transfers);
}

void CurlHttp::collect(std::vector<Transfer>& transfers) {
  int queued = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &queued)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* user = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
    const auto at = std::ranges::find_if(
        transfers, [&](const Transfer& t) { return reinterpret_cast<const char*>(&t) == user; });
    if (at == transfers.end()) continue;
    const auto code = message->data.result;  // the message goes with its handle
    curl_multi_remove_handle(multi_, at->easy.get());
    finish(*at, outcome(*at, code));
  }
}

/// Ends what is still under way: we were asked to stop, or libcurl gave up as a whole.
void CurlHttp::give_up(std::vector<Transfer>& transfers) {
  for (auto& transfer : transfers) {
    if (transfer.done) continue;
    curl_multi_remove_handle(multi_, transfer.easy.get());
    const bool stopped = Stop::requested();
    finish(transfer, fail(stopped ? ExitCode::interrupted : ExitCode::unknown,
                          fmt::format("{}: {}", shown(*transfer.request),
                                      stopped ? "interrupted" : "libcurl gave up")));
  }
}

void CurlHttp::finish(Transfer& transfer, Result<HttpResponse> result) {
  transfer.done = true;
  transfer.result = std::move(result);
  if (!transfer.result) {  // what came of it is nobody's
    for (const auto& piece : transfer.pieces) *transfer.held -= piece.size();
    transfer.pieces = {};
  }
  if (!transfer.easy) return;
  curl_easy_reset(
      transfer.easy
          .get());  // forgets credentials and pointers; the connections live in the multi handle
  idle_.push_back(std::move(transfer.easy));
}

Result<HttpResponse> CurlHttp::outcome(Transfer& transfer, CURLcode code) {
  const auto& request = *transfer.request;
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    transfer.response.status = static_cast<int>(status);
    transfer.put_together();
    return std::move(transfer.response);
  }
  if (!transfer.trouble.empty())
    return fail(ExitCode::unknown, fmt::format("{}: {}", shown(request), transfer.trouble));
  if (code == CURLE_FILESIZE_EXCEEDED)  // by what it announces
    return fail(ExitCode::unknown, fmt::format("{}: the answer is longer than {} bytes",
                                               shown(request), request.max_bytes));
  if (code == CURLE_OPERATION_TIMEDOUT)
    return fail(ExitCode::timeout,
                fmt::format("{}: no answer within {}", shown(request), request.deadline.given()));
  std::string_view reason = transfer.reason[0] ? transfer.reason.data() : curl_easy_strerror(code);
  if (code == CURLE_COULDNT_CONNECT)
    reason = reason.substr(
        0, reason.find(" after "));  // how many ms it took, and the same in other words
  const bool transient = code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_SSL_CACERT_BADFILE;
  return fail(Error{ExitCode::unknown, fmt::format("{}: {}", shown(request), printable(reason)),
                    transient});
}

}  // namespace

}  // namespace cdctl

/// Makes the HTTP client; the caller owns it. nullptr when libcurl cannot be set up.
extern "C" __attribute__((visibility("default"))) cdctl::Http* cdctl_make_http() {
  // OpenSSL sets itself up at the first TLS connection; doing it here would cost every plain-HTTP
  // command.
  if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK) return nullptr;
  return new (std::nothrow) cdctl::CurlHttp();
}
