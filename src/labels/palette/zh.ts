import type { ColorWords } from '../palette.js';

/** Chinese. */
export const zh: ColorWords = {
  names: {
    black: '黑|黑色',
    white: '白|白色',
    grey: '灰|灰色',
    brown: '棕|棕色|褐色|咖啡色',
    beige: '米色|米黄色|杏色',
    red: '红|红色|紅色',
    orange: '橙|橙色|橘色',
    yellow: '黄|黄色|黃色',
    green: '绿|绿色|綠色',
    turquoise: '青绿色|绿松石色',
    blue: '蓝|蓝色|藍色',
    purple: '紫|紫色',
    pink: '粉|粉色|粉红色|粉紅色',
    multi: '多色|彩色|混色',
  },
  shades: {
    silver: '银|银色|銀色',
    gold: '金|金色|玫瑰金',
    bronze: '青铜色|古铜色|铜色',
    beige: '奶油色|象牙色',
    red: '酒红色',
    blue: '海军蓝|藏青色',
    clear: '透明',
  },
};
