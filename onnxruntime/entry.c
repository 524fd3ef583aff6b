/* entry.c: what ONNX Runtime looks up in this library: a factory of execution providers, and custom operators.
** SPDX-License-Identifier: Apache-2.0
*/
#include "onnxruntime/custom.h"
#include "onnxruntime/node.h"
#include "onnxruntime/provider.h"

#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

typedef struct OrtFactory {
    OrtFactoryTable table; /* first */
    OrtCalls calls;
    OrtEpCalls ep;
    OrtDomains domains;
} OrtFactory;

static const char *get_name(const OrtFactoryTable *self)
{
    (void)self;
    return ORT_PROVIDER;
}

static const char *get_vendor(const OrtFactoryTable *self)
{
    (void)self;
    return "dcngen";
}

/* Numbers of vendors are those of PCI; there is none for software. */
static uint32_t get_vendor_id(const OrtFactoryTable *self)
{
    (void)self;
    return 0;
}

static const char *get_version(const OrtFactoryTable *self)
{
    (void)self;
    return dcn_version();
}

/* CPUs, without allocators of our own: tensors are then ONNX Runtime's, and no node that copies is put in between. */
static OrtStatus *get_devices(OrtFactoryTable *self, const OrtHardwareDevice *const *hardware,
                              size_t n, OrtEpDevice **device, size_t max, size_t *count)
{
    const OrtFactory *f = (const OrtFactory *)self;
    OrtStatus *status = NULL;
    *count = 0;
    for (size_t i = 0; i < n && *count < max && !status; i++) {
        if (f->calls.device_type(hardware[i]) != ORT_DEVICE_CPU)
            continue;
        status = f->ep.create_device(self, hardware[i], NULL, NULL, &device[*count]);
        *count += !status;
    }
    return status;
}

static OrtStatus *create_ep(OrtFactoryTable *self, const OrtHardwareDevice *const *devices,
                            const OrtKeyValuePairs *const *metadata, size_t n,
                            const OrtSessionOptions *options, const OrtLogger *logger,
                            OrtEpTable **out)
{
    const OrtFactory *f = (const OrtFactory *)self;
    (void)devices;
    (void)metadata;
    (void)n;
    (void)options;
    (void)logger;
    return ort_provider_open(&f->calls, &f->ep, out);
}

static void release_ep(OrtFactoryTable *self, OrtEpTable *provider)
{
    (void)self;
    ort_provider_close(provider);
}

static OrtStatus *create_data_transfer(OrtFactoryTable *self, void **out)
{
    (void)self;
    *out = NULL;
    return NULL;
}

static OrtStatus *get_num_domains(OrtFactoryTable *self, size_t *n)
{
    *n = ((OrtFactory *)self)->domains.n;
    return NULL;
}

static OrtStatus *get_domains(OrtFactoryTable *self, OrtCustomOpDomain **domain, size_t n)
{
    const OrtFactory *f = (const OrtFactory *)self;
    for (size_t i = 0; i < n && i < f->domains.n; i++)
        domain[i] = f->domains.domain[i];
    return NULL;
}

static const OrtFactoryTable factory_table = {
    .version = ORT_VERSION,
    .at = { [FACTORY_GET_NAME] = (OrtFunction)get_name,
            [FACTORY_GET_VENDOR] = (OrtFunction)get_vendor,
            [FACTORY_GET_SUPPORTED_DEVICES] = (OrtFunction)get_devices,
            [FACTORY_CREATE_EP] = (OrtFunction)create_ep,
            [FACTORY_RELEASE_EP] = (OrtFunction)release_ep,
            [FACTORY_GET_VENDOR_ID] = (OrtFunction)get_vendor_id,
            [FACTORY_GET_VERSION] = (OrtFunction)get_version,
            [FACTORY_CREATE_DATA_TRANSFER] = (OrtFunction)create_data_transfer,
            [FACTORY_GET_NUM_CUSTOM_OP_DOMAINS] = (OrtFunction)get_num_domains,
            [FACTORY_GET_CUSTOM_OP_DOMAINS] = (OrtFunction)get_domains },
};

EXPORT OrtStatus *CreateEpFactories(const char *registration, const OrtBase *base,
                                    const OrtLogger *logger, OrtFactoryTable **factory, size_t max,
                                    size_t *n);
EXPORT OrtStatus *ReleaseEpFactory(OrtFactoryTable *factory);
EXPORT OrtStatus *RegisterCustomOps(OrtSessionOptions *options, const OrtBase *base);

OrtStatus *CreateEpFactories(const char *registration, const OrtBase *base, const OrtLogger *logger,
                             OrtFactoryTable **factory, size_t max, size_t *n)
{
    OrtCalls c;
    (void)registration;
    (void)logger;
    *n = 0;
    OrtStatus *status = ort_calls_load(base, &c);
    if (status || max == 0)
        return status;
    OrtFactory *f = calloc(1, sizeof *f);
    if (!f)
        return c.create_status(ORT_FAIL, "dcngen: no memory");
    f->table = factory_table;
    f->calls = c;
    ort_ep_calls_read(c.ep_api(), &f->ep);
    status = ort_domains_open(&c, &f->domains);
    if (status) {
        free(f);
        return status;
    }
    factory[(*n)++] = &f->table;
    return NULL;
}

OrtStatus *ReleaseEpFactory(OrtFactoryTable *factory)
{
    OrtFactory *f = (OrtFactory *)factory;
    ort_domains_close(&f->calls, &f->domains);
    free(f);
    return NULL;
}

OrtStatus *RegisterCustomOps(OrtSessionOptions *options, const OrtBase *base)
{
    OrtCalls c;
    OrtDomains d = { .n = 0 };
    OrtStatus *status = ort_calls_load(base, &c);
    if (!status)
        status = ort_domains_shared(&c, &d);
    for (size_t i = 0; i < d.n && !status; i++)
        status = c.add_domain(options, d.domain[i]);
    return status;
}
