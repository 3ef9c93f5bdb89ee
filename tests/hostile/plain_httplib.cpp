// cpp-httplib as it comes, its own sockets and threads, with the routes that the tests of its known faults
// need.
//   plain-httplib PORT [FILE]
// So that a test of a fault can be seen to fail where the fault is. FILE: what /file answers, for comparing
// speed.
#include <httplib.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

int main(int count, char** arguments) {
  if (count != 2 && count != 3) return 2;
  httplib::Server server;
  // As research has it, the least that a server needs.
  server.set_tcp_nodelay(true);
  server.Get(R"(/rates/(\d+))", [](const httplib::Request& request, httplib::Response& response) {
    response.set_header("X-Client", request.get_header_value("REMOTE_ADDR"));
    response.set_header("X-Echo-Bytes", std::to_string(request.get_header_value("X").size()));
    response.set_content("[]", "application/json");
  });
  server.Post(R"(/rates/(\d+))", [](const httplib::Request& request, httplib::Response& response) {
    response.set_header("X-Body-Bytes", std::to_string(request.body.size()));
    response.set_content("[]", "application/json");
  });
  server.Put(R"(/rates/(\d+))",
             [](const httplib::Request&, httplib::Response& response, const httplib::ContentReader& content) {
               std::size_t bytes = 0;
               content([&bytes](const char*, std::size_t size) {
                 bytes += size;
                 return true;
               });
               response.set_header("X-Body-Bytes", std::to_string(bytes));
               response.set_content("[]", "application/json");
             });
  server.set_payload_max_length(std::size_t{1} << 20);
  server.Get("/ready", [](const httplib::Request&, httplib::Response&) {
    throw std::runtime_error{"password=secret"};
  });
  std::string content;
  if (count == 3) {
    std::ifstream file{arguments[2], std::ios::binary};
    content.assign(std::istreambuf_iterator<char>{file}, {});
  }
  server.Get("/file", [&content](const httplib::Request&, httplib::Response& response) {
    response.set_content(content, "application/json");
  });
  server.set_keep_alive_max_count(1'000'000'000);
  return server.listen("127.0.0.1", std::atoi(arguments[1])) ? 0 : 1;
}
