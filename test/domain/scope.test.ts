import { expect, test } from 'vitest';
import { mayDecide, maySee } from '../../workflows/domain/scope.ts';

const county = { role: 'first_reviewer' as const, region: '350104', path: '350000/350100/350104' };
const task = { role: 'first_reviewer', office: '350104', institutionId: 'school' };

test('[N7] an office decides its own tasks: neither the one above nor the one beside it', () => {
  expect(mayDecide({ grants: [county] }, task)).toBe(true);
  expect(mayDecide({ grants: [{ ...county, region: '350100', path: '350000/350100' }] }, task)).toBe(false);
  expect(mayDecide({ grants: [{ ...county, region: '350102', path: '350000/350100/350102' }] }, task)).toBe(false);
  expect(mayDecide({ grants: [{ ...county, role: 'approver' }] }, task)).toBe(false);
});

test('who belongs to an institution decides nothing about it for the office, and about others as granted', () => {
  expect(mayDecide({ institutionId: 'school', grants: [county] }, task)).toBe(false);
  expect(mayDecide({ institutionId: 'other', grants: [county] }, task)).toBe(true);
});

test('two grants do not lend each other their region', () => {
  const both = [
    { role: 'institution' as const, region: '350104', path: '350000/350100/350104' },
    { role: 'payment_officer' as const, region: '350102', path: '350000/350100/350102' },
  ];
  expect(maySee({ institutionId: 'school', grants: both }, { regionPath: '350000/350100/350104', institutionIds: ['other'] })).toBe(false);
  expect(maySee({ institutionId: 'school', grants: both }, { regionPath: '350000/350100/350102', institutionIds: [] })).toBe(true);
});
