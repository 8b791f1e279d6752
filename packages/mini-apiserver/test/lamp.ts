/** A definition that uses every part of the schema language that the server evaluates. */
export const lampDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'lamps.city.example' },
  spec: {
    group: 'city.example',
    scope: 'Namespaced',
    names: { plural: 'lamps', kind: 'Lamp', shortNames: ['lp'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Street', type: 'string', jsonPath: '.spec.street' },
          { name: 'Weight', type: 'integer', jsonPath: '.spec.weight' },
          { name: 'Lit', type: 'string', jsonPath: '.status.conditions[?(@.type=="Lit")].status', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            required: ['spec'],
            properties: {
              spec: {
                type: 'object',
                required: ['street'],
                oneOf: [{ required: ['weight'] }, { required: ['off'] }],
                properties: {
                  street: { type: 'string', maxLength: 20, pattern: '^[a-z]+$' },
                  weight: { type: 'integer', minimum: 0, maximum: 1000 },
                  off: { type: 'object', properties: { why: { type: 'string' } } },
                  colour: { type: 'string', enum: ['white', 'amber'], default: 'white' },
                  tags: { type: 'array', minItems: 1, maxItems: 2, items: { type: 'string' } },
                  labels: { type: 'object', additionalProperties: { type: 'string' } },
                },
              },
              status: {
                type: 'object',
                properties: {
                  lit: { type: 'boolean' },
                  conditions: {
                    type: 'array',
                    items: { type: 'object', properties: { type: { type: 'string' }, status: { type: 'string' } } },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
} as const;
