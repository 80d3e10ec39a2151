/** Institutions, teachers, venues, projects and budgets of the demonstration province. All made up, codes with valid check characters. */
import { makeUscc } from '../../workflows/domain/people/identity.ts';

export type DemonstrationInstitution = {
  key: string;
  name: string;
  kind: 'training' | 'assessment' | 'enterprise';
  region: string;
  creditCode: string;
  grade: string;
  occupations: string[];
  teachers: { name: string; qualification: string; occupations: string[] }[];
  venues: { name: string; address: string; capacity: number; equipment: string }[];
};

const cooking = ['中式烹调师', '中式面点师'];
const care = ['养老护理员', '育婴员'];
const technical = ['电工', '焊工'];
const commerce = ['电子商务师', '茶艺师'];

function institution(
  serial: number,
  key: string,
  name: string,
  kind: DemonstrationInstitution['kind'],
  region: string,
  grade: string,
  occupations: string[],
  teachers: string[],
  venues: [name: string, capacity: number][],
): DemonstrationInstitution {
  return {
    key,
    name,
    kind,
    region,
    creditCode: makeUscc({ kind: kind === 'training' ? '52' : '91', region, serial }),
    grade,
    occupations,
    teachers: teachers.map((teacher, at) => ({
      name: teacher,
      qualification: at % 2 === 0 ? '高级技师、职业技能培训教师证' : '技师、中级职称',
      occupations,
    })),
    venues: venues.map(([venue, capacity]) => ({
      name: venue,
      address: `${name}${venue}`,
      capacity,
      equipment: capacity > 40 ? '多媒体、投影' : '实训工位',
    })),
  };
}

export const demonstrationInstitutions: readonly DemonstrationInstitution[] = [
  institution(
    1,
    'kangning',
    '仓山康宁职业培训学校',
    'training',
    '350104',
    'B',
    [...care, ...cooking],
    ['赵立新', '孙丽华', '钱国梁', '周婉清'],
    [
      ['教学楼 B102', 60],
      ['实训室 A201', 52],
      ['实训室 A202', 30],
    ],
  ),
  institution(
    2,
    'shifan',
    '仓山示范技工学校',
    'training',
    '350104',
    'A',
    [...technical, ...cooking],
    ['吴建平', '郑晓燕', '王德兴', '冯秋月'],
    [
      ['报告厅', 120],
      ['电工实训室', 50],
      ['烹饪实训室', 50],
    ],
  ),
  institution(
    3,
    'yunfan',
    '鼓楼云帆职业培训学校',
    'training',
    '350102',
    'B',
    [...commerce, ...care],
    ['褚文涛', '卫雪莲', '蒋春雨'],
    [
      ['三楼多媒体教室', 60],
      ['电商实训室', 45],
    ],
  ),
  institution(
    4,
    'minjiang',
    '闽江示范机电有限公司',
    'enterprise',
    '350104',
    'A',
    technical,
    ['沈光远', '韩志成'],
    [
      ['培训中心一号教室', 50],
      ['实训车间', 40],
    ],
  ),
  institution(
    5,
    'pingjia',
    '福州职业技能评价中心',
    'assessment',
    '350100',
    'A',
    [...care, ...cooking, ...technical, ...commerce],
    [],
    [['考场', 100]],
  ),
  institution(6, 'renzheng', '闽都技能等级认定站', 'assessment', '350104', 'B', [...care, ...cooking, ...technical], [], [['考场', 80]]),
  institution(
    7,
    'sanfang',
    '鼓楼三坊职业培训学校',
    'training',
    '350102',
    'A',
    [...care, ...cooking],
    ['林见深', '陈若兰', '许望舒', '何远山'],
    [
      ['一号教室', 60],
      ['护理实训室', 45],
      ['烹饪实训室', 40],
    ],
  ),
  institution(
    8,
    'shangxia',
    '台江上下杭职业培训学校',
    'training',
    '350103',
    'B',
    [...commerce, ...cooking],
    ['苏明远', '叶知秋', '杜若', '程立雪'],
    [
      ['二楼教室', 60],
      ['直播实训室', 40],
      ['面点实训室', 40],
    ],
  ),
  institution(
    9,
    'taijiang',
    '台江新港技工学校',
    'training',
    '350103',
    'A',
    [...technical, ...care],
    ['江映川', '白露', '方觉夏', '陶然'],
    [
      ['阶梯教室', 100],
      ['电工实训室', 45],
      ['焊接实训室', 40],
    ],
  ),
  institution(
    10,
    'gushan',
    '晋安鼓山职业培训学校',
    'training',
    '350111',
    'B',
    [...care, ...cooking],
    ['范成林', '顾思远', '梅雪', '宋清如'],
    [
      ['三号教室', 60],
      ['育婴实训室', 40],
      ['烹饪实训室', 40],
    ],
  ),
  institution(
    11,
    'hualin',
    '晋安华林机电有限公司',
    'enterprise',
    '350111',
    'A',
    [...technical],
    ['石敬亭', '余秋水', '龚自牧'],
    [
      ['车间教室', 60],
      ['实训车间', 45],
    ],
  ),
  institution(
    12,
    'cangqian',
    '仓山仓前职业培训中心',
    'training',
    '350104',
    'A',
    [...care, ...cooking, ...commerce],
    ['路遥知', '唐晚晴', '邵文清', '柯以宁', '麦向阳'],
    [
      ['东楼 101', 60],
      ['东楼 102', 60],
      ['护理实训室', 40],
      ['烹饪实训室', 40],
      ['电商实训室', 40],
    ],
  ),
];

export const demonstrationProjects = [
  { code: 'FJ-2026-001', name: '中式烹调师（五级）', occupation: '中式烹调师', level: 5, kind: 'certificate', hoursMin: 60 },
  { code: 'FJ-2026-002', name: '养老护理员（四级）', occupation: '养老护理员', level: 4, kind: 'certificate', hoursMin: 80 },
  { code: 'FJ-2026-003', name: '电工（三级）', occupation: '电工', level: 3, kind: 'certificate', hoursMin: 100 },
  { code: 'FJ-2026-004', name: '育婴员（五级）', occupation: '育婴员', level: 5, kind: 'certificate', hoursMin: 60 },
  { code: 'FJ-2026-005', name: '电子商务师（四级）', occupation: '电子商务师', level: 4, kind: 'certificate', hoursMin: 80 },
  { code: 'FJ-2026-006', name: '茶艺师（五级）', occupation: '茶艺师', level: 5, kind: 'certificate', hoursMin: 60 },
] as const;

export const demonstrationFund = 'employment_subsidy';

/** Budget of the demonstration's first year, fen. */
export const demonstrationBudgets = [
  { region: '350104', amountFen: 300_000_000 },
  { region: '350102', amountFen: 200_000_000 },
  { region: '350103', amountFen: 200_000_000 },
  { region: '350111', amountFen: 150_000_000 },
  { region: '350100', amountFen: 500_000_000 },
  { region: '350000', amountFen: 1_000_000_000 },
] as const;

/** The special accounts (专户) that the offices pay from. */
export const demonstrationPayers = [
  { region: '350104', name: '福州市仓山区人力资源和社会保障局', account: '350104000000000001', bankTemplate: 'common' },
  { region: '350102', name: '福州市鼓楼区人力资源和社会保障局', account: '350102000000000001', bankTemplate: 'comma' },
  { region: '350103', name: '福州市台江区人力资源和社会保障局', account: '350103000000000001', bankTemplate: 'common' },
  { region: '350111', name: '福州市晋安区人力资源和社会保障局', account: '350111000000000001', bankTemplate: 'comma' },
  { region: '350100', name: '福州市人力资源和社会保障局', account: '350100000000000001', bankTemplate: 'common' },
  { region: '350000', name: '福建省人力资源和社会保障厅', account: '350000000000000001', bankTemplate: 'common' },
] as const;
