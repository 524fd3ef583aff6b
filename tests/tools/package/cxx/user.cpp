/* user.cpp: a C++ program outside the project whose operands are const; output = 3 * input.
** SPDX-License-Identifier: Apache-2.0
*/
#include <cstdio>
#include <dcngen.hpp>
#include <vector>

static const char spec[] = "return conv2d { name = 'triple', in_channels = 1, out_channels = 1,\n"
                           "  height = 2, width = 3, kernel_size = 1 }\n";

static bool triple(const dcn_kernel *kernel, const std::vector<float> &input,
                   std::vector<float> &output, dcn_error &err)
{
    const float weight = 3;
    std::vector<char> packed(dcn_kernel_packed_bytes(kernel));
    if (dcn_pack_weights(kernel, &weight, packed.data()))
        return false;
    const void *const as_packed = packed.data();
    const auto list = dcn::tensors(input.data(), as_packed, output.data());
    const dcn_call call = list.call(2);
    return call.ntensors == 3 && dcn_execute(kernel, &call, &err) == 0;
}

int main()
{
    const std::vector<float> input = { 0, 1, -2, 3.5f, 100, -0.25f };
    std::vector<float> output(input.size());
    dcn_error err = dcn_error();
    dcn_module *module = nullptr;
    dcn_kernel *kernel = nullptr;
    bool right = dcn_load_text(spec, "user", nullptr, 0, &module, &err) == 0 &&
                 dcn_compile(dcn_module_spec(module, 0), nullptr, &kernel, &err) == 0 &&
                 triple(kernel, input, output, err);
    for (size_t i = 0; right && i < input.size(); i++)
        right = output[i] == 3 * input[i];
    if (right)
        std::printf("dcngen %s\n", dcn_version());
    else
        std::fprintf(stderr, "wrong numbers, or %s\n", err.text);
    dcn_kernel_free(kernel);
    dcn_module_free(module);
    return !right;
}
